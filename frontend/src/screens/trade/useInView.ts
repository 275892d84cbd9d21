import { type RefObject, useEffect, useState } from "react";

/** So much of the window's height an element must reach into, to count as seen. */
const MARGIN = "0px 0px -35% 0px";

/** Whether an element is in sight. */
export function useInView(element: RefObject<HTMLElement | null>): boolean {
  const [inView, setInView] = useState(false);
  useEffect(() => {
    if (!element.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry && setInView(entry.isIntersecting), {
      rootMargin: MARGIN,
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return inView;
}
