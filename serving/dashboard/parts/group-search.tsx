import { useEffect, useState } from 'preact/hooks';
import { useAsked } from '../api/ask.ts';
import { groupsPath, readGroups } from '../api/inventory.ts';
import type { Choice } from '../choice/choice.ts';
import { tagsOfKey } from '../choice/shown-groups.ts';
import { formatCount } from '../format/numbers.ts';
import { groupKey, groupName } from '../stream/windows-state.ts';

/** Whoever types is not answered letter by letter. */
const TYPING_MS = 150;

interface GroupSearchProps {
  readonly view: string;
  /** Groups of the view, and how many of them are shown. */
  readonly total: number;
  readonly shown: number;
  readonly choice: Choice;
  readonly choose: (change: Partial<Choice>) => void;
}

/** Where one of many groups is found by its name, so that every one can be shown; and which were picked so. */
export function GroupSearch({ view, total, shown, choice, choose }: GroupSearchProps) {
  const [text, setText] = useState('');
  const { picked, hidden } = choice;
  const pick = (key: string): void => {
    setText('');
    choose({ picked: [key, ...picked.filter((one) => one !== key)], hidden: hidden.filter((one) => one !== key) });
  };
  return (
    <search class="group-search">
      <label class="select">
        <span class="legend">Find a group</span>
        <input
          type="search"
          value={text}
          placeholder="part of its name"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <p class="quiet note" role="status">
        {shown < total ? `${formatCount(shown)} of ${formatCount(total)} groups are shown.` : ''}
      </p>
      <Found view={view} search={useSettled(text.trim(), TYPING_MS)} onPick={pick} />
      {picked.length === 0 ? null : (
        <ul class="picked">
          {picked.map((key) => {
            const name = groupName(tagsOfKey(key) ?? {});
            return (
              <li key={key}>
                <button
                  type="button"
                  class="chip"
                  aria-label={`Pick ${name} no longer`}
                  onClick={() => choose({ picked: picked.filter((one) => one !== key) })}
                >
                  {name} <span aria-hidden="true">×</span>
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </search>
  );
}

/** Groups that a search lists: with more, typing another letter is quicker than reading on. */
const FOUND_MAX = 12;
/** Groups come and go while one looks for them. */
const SEARCH_EVERY_MS = 10_000;

interface FoundProps {
  readonly view: string;
  readonly search: string;
  readonly onPick: (key: string) => void;
}

function Found({ view, search, onPick }: FoundProps) {
  const path = search === '' ? undefined : groupsPath(view, search, FOUND_MAX);
  const { answer, problem } = useAsked(path, readGroups, SEARCH_EVERY_MS);
  if (path === undefined) return null;
  if (answer === undefined) return problem === undefined ? null : <p class="quiet note">{problem}</p>;
  const { groups, found } = answer;
  if (found === 0) return <p class="quiet note">No group has that in its name.</p>;
  return (
    <ul class="found" aria-label="Groups found">
      {groups.map((tags) => (
        <li key={groupKey(tags)}>
          <button type="button" class="chip" onClick={() => onPick(groupKey(tags))}>
            {groupName(tags)}
          </button>
        </li>
      ))}
      {found > groups.length ? (
        <li class="quiet">and {formatCount(found - groups.length)} more: write more of the name</li>
      ) : null}
    </ul>
  );
}

/** A text once it has stayed the same for so long. */
function useSettled(text: string, forMs: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), forMs);
    return () => clearTimeout(timer);
  }, [text, forMs]);
  return settled;
}
