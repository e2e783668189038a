/** The colours of the dashboard, in a page that stands alone: its files are of no use to who is not signed in. */
const STYLE = `
:root { color-scheme: light dark; background: light-dark(#fcfcfa, #10161a); color: light-dark(#1a2329, #e5eaec); font: 15px/1.45 system-ui, sans-serif }
* { box-sizing: border-box }
main { max-width: 400px; margin: 18vh auto 0; padding: 0 24px }
h1 { display: flex; align-items: baseline; gap: 10px; margin: 0 0 24px; font-size: 20px; font-weight: 600; letter-spacing: -0.01em }
svg { width: 24px; height: 16px; fill: none; stroke: light-dark(#0c5f7a, #7cc4dc); stroke-width: 2; stroke-linecap: round }
svg :last-child { opacity: 0.45 }
form { display: grid; gap: 8px }
button { margin-top: 4px }
p { margin: 0 0 4px }
label { font-weight: 600 }
input, button { width: 100%; padding: 9px 12px; border: 1px solid light-dark(#8b9794, #5c6b74); border-radius: 6px; background: light-dark(#ffffff, #182126); color: inherit; font: inherit }
button { border-color: transparent; background: light-dark(#0c5f7a, #7cc4dc); color: light-dark(#ffffff, #10161a); font-weight: 600; cursor: pointer }
:focus-visible { outline: 2px solid light-dark(#0c5f7a, #7cc4dc); outline-offset: 2px }
a { color: light-dark(#0c5f7a, #7cc4dc) }
code { white-space: nowrap; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace }
[role=alert] { color: light-dark(#a3150b, #ff9d93) }
.quiet { margin-top: 8px; color: light-dark(#5b6870, #95a3ab); font-size: 13px }
`;

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · Weir</title>
<style>${STYLE}</style></head>
<body><main>
<h1><svg viewBox="0 0 24 16" aria-hidden="true"><path d="M1 5c3.7 0 3.7 3 7.3 3s3.7-3 7.4-3 3.7 3 7.3 3"/><path d="M1 11c3.7 0 3.7 3 7.3 3s3.7-3 7.4-3 3.7 3 7.3 3"/></svg>Weir</h1>
${content}
</main></body></html>
`;
}

/** Where a token is shown. The form is posted to the page's own address, whose fragment browsers keep: it leads to what was asked for. */
export function loginPage(problemText: string): string {
  const alert = problemText === '' ? '' : `<p role="alert">${problemText}</p>\n`;
  return page(
    'Sign in',
    `<form method="post">
${alert}<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Sign in</button>
<p class="quiet">Whoever runs this server makes one with <code>weir tokens add</code>.</p>
</form>`,
  );
}

/** A name of a token has no character that HTML reads as its own. */
export function signedInPage(name: string): string {
  return page(
    'Signed in',
    `<form method="post" action="/logout">
<p>Signed in as <strong>${name}</strong>. <a href="/">To the dashboard</a></p>
<button>Sign out</button>
</form>`,
  );
}
