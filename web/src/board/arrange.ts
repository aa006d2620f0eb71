import type { Board, BoardCard, BoardColumn } from "@/api/generated/ui";

export type { Board, BoardCard, BoardColumn };

/** Where a card stands: column by column, from the top. */
export interface Spot {
  column: number;
  card: number;
}

export function idOfCard(board: Board, row: Record<string, unknown>): string {
  return String(row[board.primarykey] ?? "");
}

/** The column in which a record is shown; -1 where it is in none. */
export function columnOfRecord(board: Board, id: string): number {
  return board.columns.findIndex((c) => c.rows.some((r) => idOfCard(board, r) === id));
}

/** The board with a card in another column, on top; its totals are asked for anew. */
export function moved(board: Board, id: string, to: string): Board {
  const from = columnOfRecord(board, id);
  const source = board.columns[from];
  const row = source?.rows.find((r) => idOfCard(board, r) === id);
  if (!source || !row || source.key === to) return board;
  const card = source.cards?.[id];
  return {
    ...board,
    columns: board.columns.map((c) => {
      if (c === source) return { ...c, count: c.count - 1, rows: c.rows.filter((r) => r !== row) };
      if (c.key !== to) return c;
      return { ...c, count: c.count + 1, rows: [row, ...c.rows], cards: card ? { ...c.cards, [id]: card } : c.cards };
    }),
  };
}

/** The board with a further page of a column. Cards that came twice, as one was moved meanwhile, stand once. */
export function extended(board: Board, page: BoardColumn): Board {
  return {
    ...board,
    columns: board.columns.map((c) => {
      if (c.key !== page.key) return c;
      const known = new Set(c.rows.map((r) => idOfCard(board, r)));
      return { ...c, next: page.next, rows: [...c.rows, ...page.rows.filter((r) => !known.has(idOfCard(board, r)))], cards: { ...c.cards, ...page.cards } };
    }),
  };
}

/** The board with the totals of another answer, and with one card as it is there. */
export function retold(board: Board, answer: Board): Board {
  return {
    ...board, elsewhere: answer.elsewhere,
    columns: board.columns.map((c) => {
      const now = answer.columns.find((x) => x.key === c.key);
      return { ...c, count: now?.count ?? 0, sum: now?.sum };
    }),
  };
}

/** The next spot in a direction; stays where there is none. Empty columns are passed over. */
export function step(board: Board, at: Spot, key: string): Spot {
  const cards = (column: number) => board.columns[column]?.rows.length ?? 0;
  const within = (column: number, card: number) => ({ column, card: Math.max(0, Math.min(card, cards(column) - 1)) });
  switch (key) {
    case "ArrowDown": return within(at.column, at.card + 1);
    case "ArrowUp": return within(at.column, at.card - 1);
    case "Home": return within(at.column, 0);
    case "End": return within(at.column, cards(at.column) - 1);
    case "ArrowRight": case "ArrowLeft": {
      const by = key === "ArrowRight" ? 1 : -1;
      for (let column = at.column + by; column >= 0 && column < board.columns.length; column += by) if (cards(column) > 0) return within(column, at.card);
      return at;
    }
    default: return at;
  }
}
