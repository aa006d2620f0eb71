/** A cell's place: row -1 is the row of heads. */
export interface Place {
  row: number;
  col: number;
}

/** Where a key leads from a place; undefined when the key moves nothing. */
export function move(place: Place, key: string, mod: boolean, rows: number, cols: number, page: number): Place | undefined {
  const { row, col } = place;
  const last = rows - 1;
  switch (key) {
    case "ArrowDown":
      return { row: Math.min(last, row + 1), col };
    case "ArrowUp":
      return { row: Math.max(-1, row - 1), col };
    case "ArrowRight":
      return { row, col: Math.min(cols - 1, col + 1) };
    case "ArrowLeft":
      return { row, col: Math.max(0, col - 1) };
    case "Home":
      return { row: mod ? 0 : row, col: 0 };
    case "End":
      return { row: mod ? last : row, col: cols - 1 };
    case "PageDown":
      return { row: Math.min(last, Math.max(0, row) + page), col };
    case "PageUp":
      return { row: Math.max(0, row - page), col };
    default:
      return undefined;
  }
}
