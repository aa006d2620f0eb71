// Evaluates the part of $filter and $orderby that the interface writes, over
// plain rows. For development only: the product's parser is the server's.

function* tokens(text) {
  const pattern = /\s*(?:('(?:[^']|'')*')|([(),])|([^\s(),']+))/gy;
  let match;
  while ((match = pattern.exec(text)) !== null) {
    if (match[1]) yield { kind: "text", value: match[1].slice(1, -1).replaceAll("''", "'") };
    else if (match[2]) yield { kind: match[2] };
    else yield { kind: "word", value: match[3] };
  }
}

export function parseFilter(text) {
  const list = [...tokens(text)];
  let at = 0;
  const peek = () => list[at];
  const word = (w) => peek()?.kind === "word" && peek().value === w;

  function value() {
    const token = list[at++];
    if (token.kind === "text") return () => token.value;
    const raw = token.value;
    if (raw === "null") return () => null;
    if (raw === "true" || raw === "false") return () => raw === "true";
    if (/^-?\d+(\.\d+)?$/.test(raw)) return () => Number(raw);
    if (/^[0-9a-f]{8}-/.test(raw) || /^\d{4}-\d\d/.test(raw)) return () => raw;
    return (row) => row[raw] ?? null;
  }
  function primary() {
    if (word("not")) { at++; const inner = primary(); return (row) => !inner(row); }
    if (peek()?.kind === "(") { at++; const inner = or(); at++; return inner; }
    if (list[at + 1]?.kind === "(") {
      const name = list[at].value;
      at += 2;
      const field = value(); at++; const wanted = value(); at++;
      const low = (f, row) => String(f(row) ?? "").toLowerCase();
      return (row) => ({ contains: low(field, row).includes(low(wanted, row)), startswith: low(field, row).startsWith(low(wanted, row)), endswith: low(field, row).endsWith(low(wanted, row)) })[name];
    }
    const left = value();
    const op = list[at++].value;
    const right = value();
    return (row) => {
      let a = left(row), b = right(row);
      if (typeof a === "string" && typeof b === "string") {
        if (/^\d{4}-\d\d-\d\dT/.test(a) || /^\d{4}-\d\d-\d\dT/.test(b)) { a = Date.parse(a); b = Date.parse(b); }
        else { a = a.toLowerCase(); b = b.toLowerCase(); }
      }
      if (op === "eq") return a === b;
      if (op === "ne") return a !== b;
      if (a === null || b === null) return false;
      return op === "gt" ? a > b : op === "ge" ? a >= b : op === "lt" ? a < b : a <= b;
    };
  }
  function and() {
    let left = primary();
    while (word("and")) { at++; const l = left, r = primary(); left = (row) => l(row) && r(row); }
    return left;
  }
  function or() {
    let left = and();
    while (word("or")) { at++; const l = left, r = and(); left = (row) => l(row) || r(row); }
    return left;
  }
  return or();
}

export function compareBy(orderby) {
  const parts = orderby.split(",").map((p) => p.trim().split(/\s+/));
  return (a, b) => {
    for (const [field, dir] of parts) {
      const x = a[field] ?? null, y = b[field] ?? null;
      if (x === y) continue;
      const less = x === null ? true : y === null ? false : typeof x === "string" ? x.toLowerCase() < String(y).toLowerCase() : x < y;
      return (less ? -1 : 1) * (dir === "desc" ? -1 : 1);
    }
    return 0;
  };
}
