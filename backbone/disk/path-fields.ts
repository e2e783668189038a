/** Fields of the configuration that name files. Paths go from the folder of the configuration. */
import { z } from 'zod';

/** The path of a file. */
export function pathField(description: string, example: string) {
  return z
    .string()
    .min(1)
    .meta({ title: 'path', description, examples: [example] });
}

/** A section that names the file of a secret, since none stands in the configuration itself. */
export function secretFile(example: string) {
  return z.strictObject({ file: pathField('The file that holds it, and nothing else.', example) });
}

/** A certificate and its private key, both in PEM. */
export function certificateFiles(certificate: string, name: string) {
  return z.strictObject({
    cert: pathField(certificate, `${name}.crt`),
    key: pathField('A PEM file with its private key.', `${name}.key`),
  });
}
