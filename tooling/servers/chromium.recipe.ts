import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { InstallFailed, lastLines, type ServerRecipe } from './recipe.ts';

const VERSION = '153.0.0';
const PACKAGE = '@sparticuz/chromium';
const INSTALL_TIMEOUT_MS = 10 * 60_000;

/**
 * Unpacks the packed browser with the package's own function. It writes to the folder for temporary files, which is
 * why it runs in a process with another TMPDIR.
 */
const UNPACK = `
import { inflate } from '${PACKAGE}';
for (const part of ['chromium', 'fonts.tar', 'swiftshader.tar', 'al2023.tar']) {
  await inflate('node_modules/${PACKAGE}/bin/' + part + '.br');
}
`;

/** Starts the browser with the libraries and, if need be, the font it came with: a machine without a desktop has none. */
const LAUNCHER = `#!/bin/sh
here=$(dirname "$0")
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_FILE="$here/fonts.conf"
LD_LIBRARY_PATH="$here/al2023/lib" exec "$here/chromium" "$@"
`;

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`;

async function must(command: string, args: readonly string[], cwd: string, env = process.env): Promise<void> {
  const { status, output } = await runCommand(command, args, { timeoutMs: INSTALL_TIMEOUT_MS, cwd, env });
  if (status !== 0) throw new InstallFailed('chromium', lastLines(output));
}

/** Chromium for tests of the dashboard: any on the PATH, else the headless build of an npm package (Linux on x64). */
export const chromiumRecipe: ServerRecipe = {
  name: 'chromium',
  version: VERSION,
  commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  binary: 'launch',
  leavesUntested: 'the dashboard is not looked at in a browser',
  remedy: 'Put Chromium or Chrome on the PATH (Debian: apt install chromium) and run again.',
  versionIn: (output) => /Chrom(?:e|ium) (\d+(?:\.\d+)+)/.exec(output)?.[1],
  accepts: (version) => Number.parseInt(version, 10) >= 130,
  install: async (draft) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      throw new InstallFailed('chromium', `the package has no browser for ${process.platform} on ${process.arch}`);
    }
    await writeFile(join(draft, 'package.json'), '{ "private": true, "type": "module" }\n');
    await must('npm', ['install', '--prefix', draft, '--ignore-scripts', `${PACKAGE}@${VERSION}`], draft);
    await writeFile(join(draft, 'unpack.js'), UNPACK);
    await must(process.execPath, ['unpack.js'], draft, { ...process.env, TMPDIR: draft });
    await rm(join(draft, 'node_modules'), { recursive: true });
    await writeFile(join(draft, 'fonts.conf'), FONTS);
    await writeFile(join(draft, 'launch'), LAUNCHER);
    await chmod(join(draft, 'launch'), 0o755);
  },
};
