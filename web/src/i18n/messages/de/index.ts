import libraries from "./libraries.json";
import making from "./making.json";
import records from "./records.json";
import work from "./work.json";

/** The server's sentences in German: of records and sign-in, of making tables, rules and flows, of the daily work; and what libraries say within them. */
const words: Record<string, string> = { ...libraries, ...records, ...making, ...work };

export default words;
