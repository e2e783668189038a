/** What a group is called: its tags' values; `all` for the one group of a view without tags. */
export function groupName(tags: Readonly<Record<string, string>>): string {
  const values = Object.values(tags).map((value) => (value === '' ? '(none)' : value));
  return values.length === 0 ? 'all' : values.join(' · ');
}
