/** The mark: an R whose leg walks on. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" style={{ flex: "none" }}>
      <rect width="32" height="32" rx="8" fill="#3d4fc4" />
      <path d="M10 23V9h7a4.5 4.500 0 0 1 0 9h-7m6.500 0L22 23" fill="none" stroke="#fff" strokeWidth="2.800"
        strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
