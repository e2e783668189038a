/** Windows that a page key steps over. */
const PAGE = 10;

/**
 * Where a key leads from the window pointed at, of so many; from none it steps in at the newest. The same for a key
 * that leads nowhere (WAI-ARIA Authoring Practices, slider).
 */
export function steppedTo(key: string, at: number | undefined, count: number): number | undefined {
  const last = count - 1;
  if (last < 0) return at;
  const by = (steps: number): number => (at === undefined ? last : Math.min(last, Math.max(0, at + steps)));
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return by(-1);
    case 'ArrowRight':
    case 'ArrowUp':
      return by(1);
    case 'PageDown':
      return by(-PAGE);
    case 'PageUp':
      return by(PAGE);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'Escape':
      return undefined;
    default:
      return at;
  }
}
