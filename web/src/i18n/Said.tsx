import { useSaid } from "./useSaid";

/** A text that the server has kept, in the person's language where it is one of its sentences. */
export function Said({ text }: { text: unknown }) {
  return <>{useSaid()(text)}</>;
}
