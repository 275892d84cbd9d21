const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

/** The time of day, such as 14:03:59. */
export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

/** The time, with its day when that is not today. */
export function when(ms: number): string {
  const sameDay = new Date(ms).toDateString() === new Date().toDateString();
  return (sameDay ? clock : dayAndClock).format(ms);
}
