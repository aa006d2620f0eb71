/** Whether the page reads from right to left. */
export function isRtl(): boolean {
  return document.documentElement.dir === "rtl";
}
