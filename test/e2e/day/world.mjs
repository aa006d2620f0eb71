// The world of the lender's day: people who apply, what the lender's rules say of
// them by a reckoning of its own, and calls to the product as its people make
// them beside the browser.
import { setTimeout as pause } from "node:timers/promises";
import { base } from "../helpers.mjs";

const token = process.env.RAPPORT_TOKEN;

/** Calls the Web API as the administrator's client does. */
export async function call(method, path, body, want = [200, 201, 204]) {
  const response = await fetch(path.startsWith("/") ? base + path : `${base}/api/data/v9.2/${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Prefer: "return=representation" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (want && !want.includes(response.status)) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 600)}`);
  return { status: response.status, body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
}

/** All rows of a set that match a filter, page by page. */
export async function rows(set, filter = "", select = "") {
  const out = [];
  const options = [filter && `$filter=${encodeURIComponent(filter)}`, select && `$select=${select}`].filter(Boolean).join("&");
  for (let path = options ? `${set}?${options}` : set; path; ) {
    const { body } = await call("GET", path);
    out.push(...body.value);
    const next = body["@odata.nextLink"];
    path = next ? new URL(next, base).pathname + new URL(next, base).search : "";
  }
  return out;
}

/** Does something with each, a few at a time; the first failure ends it. */
export async function each(list, work, width = 6) {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < list.length) {
      const n = next++;
      await work(list[n], n);
    }
  }));
}

/** Waits until a question is answered by something true; tells what was seen last if it never is. */
export async function until(what, question, seconds = 240) {
  let last;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(250)) {
    last = await question();
    if (last === true || (last && last.done)) return last;
  }
  throw new Error(`waited for: ${what}; last seen: ${JSON.stringify(last)?.slice(0, 600)}`);
}

const given = ["Ada", "Bela", "Cleo", "Dario", "Edda", "Fumiko", "Goran", "Hana", "Ivo", "Jette", "Kofi", "Lale", "Milo", "Nia", "Otto", "Pia", "Quirin", "Runa", "Sefa", "Tove"];
const places = [["20095", "Hamburg", "DE"], ["10115", "Berlin", "DE"], ["80331", "München", "DE"], ["70173", "Stuttgart", "DE"], ["1010", "Wien", "AT"], ["111 22", "Stockholm", "SE"]];

/** The three ways in: a form each, with its campaign and its products. */
export const ways = [
  { form: "home-loan", campaign: "Spring home loans", product: () => "HOME", amount: (n) => 60_000 + (n % 9) * 20_000, term: 240 },
  { form: "car-loan", campaign: "Electric cars", product: (n) => (n % 2 ? "VEHICLE" : "PERSONAL"), amount: (n) => 5_000 + (n % 8) * 4_000, term: 48 },
  { form: "business-loan", campaign: "Business growth 2026", product: () => "BUSINESS", amount: (n) => 30_000 + (n % 7) * 30_000, term: 60 },
];

/** Everybody who applies, always the same: one in six earns enough, one in six nearly. */
export function applicants(count) {
  return Array.from({ length: count }, (_, n) => {
    const way = ways[n % 3];
    const amount = way.amount(n);
    const instalment = payment(0.005, way.term, amount);
    const share = [0.3, 0.45, 0.7, 0.6, 0.8, 0.9][Math.floor(n / 3) % 6]; // of the income that goes into the instalment
    const [code, city, country] = places[n % places.length];
    return {
      n, way, amount, term: way.term, product: way.product(n),
      first: given[n % given.length], last: `Day${String(n).padStart(3, "0")}`, email: `applicant${n}@day.example.org`,
      income: Math.ceil(instalment / share), debts: 0, born: n % 50 === 49 ? "2012-03-04" : `19${60 + (n % 38)}-05-06`, employment: n % 40 === 39 ? 100000003 : 100000000,
      code, city, country,
    };
  });
}

function payment(rate, months, amount) {
  return (amount * rate) / (1 - (1 + rate) ** -months);
}

/** What the lender's first rules say, reckoned here: 1 yes, 2 a person looks, 3 no. */
export function outcome(a) {
  const burden = payment(0.005, a.term, a.amount) / a.income;
  if (a.born.startsWith("2012") || burden > 0.5 || a.employment === 100000003) return 3;
  return burden > 0.4 ? 2 : 1;
}
