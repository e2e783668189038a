import { useCallback, useState } from 'preact/hooks';
import { readAccess } from './api/access.ts';
import { isSignedOut, useAsked } from './api/ask.ts';
import { Dashboard } from './dashboard.tsx';
import { Header } from './parts/header.tsx';
import { ServerAway, SignedOut } from './parts/notices.tsx';

const ACCESS_EVERY_MS = 10_000;

/** The page: the dashboard for who is signed in, and for everybody where nobody has to be. */
export function App() {
  // Whatever is refused or cut off may be so because the session has ended: that is asked at once.
  const [doubts, setDoubts] = useState(0);
  const doubt = useCallback(() => setDoubts((count) => count + 1), []);
  const asked = useAsked('api/v1/whoami', readAccess, ACCESS_EVERY_MS, doubts);
  const { answer: access, problem } = asked;
  if (access !== undefined && !isSignedOut(asked)) return <Dashboard access={access} doubt={doubt} />;
  return (
    <>
      <Header />
      <main>
        {isSignedOut(asked) ? <SignedOut /> : problem === undefined ? null : <ServerAway problem={problem} />}
      </main>
    </>
  );
}
