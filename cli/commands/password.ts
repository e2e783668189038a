import { addCommand, type Declare } from './flags.ts';

export const declarePassword: Declare = (program) => {
  addCommand(program, 'password', {
    summary: 'make the hash of a password, for the users of a source that listens',
    description:
      'Asks for a password twice, without showing it, or reads the first line of standard input where that is no ' +
      'terminal, and prints its hash. A source that listens to other machines asks them for a name and a password; the ' +
      'configuration holds the hash, in quotes:\n\n' +
      "  users: { meter-7: '$scrypt$ln=15,r=8,p=3$…' }",
    examples: ['weir password', 'weir password < password.txt'],
  }).action(async () => {
    const { askPassword } = await import('../terminal/ask-password.ts');
    const { hashPassword } = await import('#edge-agent/sources/doors/password-hash.ts');
    const { writeOut } = await import('../terminal/output.ts');
    await writeOut(`${await hashPassword(await askPassword())}\n`);
  });
};
