import { InstallFailed, type ServerRecipe } from './recipe.ts';

/** What is said of both programs where they are not found: no package registry has them. */
const CANT_INSTALL = 'it comes with the operating system, not from a package registry';

function recipeOf(name: string, leavesUntested: string, debianPackage: string): ServerRecipe {
  return {
    name,
    version: '2.0',
    // Debian puts the broker where only root's PATH leads.
    commands: [name, `../sbin/${name}`],
    binary: name,
    leavesUntested,
    // The tests that use it also run against what npm has.
    isOptional: true,
    remedy: `Install Eclipse Mosquitto (Debian: apt install ${debianPackage}) and run again.`,
    versionIn: (output) => new RegExp(`${name} version (\\d+\\.\\d+\\.\\d+)`).exec(output)?.[1],
    accepts: (version) => Number.parseInt(version, 10) >= 2,
    install: () => Promise.reject(new InstallFailed(name, CANT_INSTALL)),
  };
}

/** Eclipse Mosquitto, the broker that most homes have. */
export const mosquittoRecipe = recipeOf(
  'mosquitto',
  'sources of MQTT are tested against the broker aedes alone',
  'mosquitto',
);

/** Its client that publishes, as scripts of many a device do. */
export const mosquittoPubRecipe = recipeOf(
  'mosquitto_pub',
  'what devices publish is tested with the client of the package mqtt alone',
  'mosquitto-clients',
);
