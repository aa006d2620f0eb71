import { useEffect } from "react";
import { usePreferences, visited } from "./usePreferences";

const SETTLED = 1_500;

/** Remembers a record as one that the person has been to, once they have stayed a moment. */
export function useVisit(table: string, id: string, name: string): void {
  const { preferences, change } = usePreferences();
  const ready = preferences !== undefined && name !== "";
  useEffect(() => {
    if (!ready) return;
    const timer = setTimeout(() => {
      const recent = visited(preferences.recent ?? [], { table, id, name });
      if (recent) void change({ recent });
    }, SETTLED);
    return () => clearTimeout(timer);
    // Only where the person is counts, not what else is remembered meanwhile.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ready, table, id, name]);
}
