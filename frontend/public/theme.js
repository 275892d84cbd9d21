// Runs before the first paint, so that a page in the dark does not flash white. Kept in step with src/app/theme.ts.
try {
  const choice = localStorage.getItem("quantatrade.theme");
  const dark = choice ? choice === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
} catch {
  document.documentElement.dataset.theme = "dark";
}
