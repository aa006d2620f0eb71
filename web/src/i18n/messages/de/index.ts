import making from "./making.json";
import records from "./records.json";
import work from "./work.json";

/** The server's sentences in German: of records and sign-in, of making tables, rules and flows, of the daily work. */
const words: Record<string, string> = { ...records, ...making, ...work };

export default words;
