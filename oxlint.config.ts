import { defineConfig, type OxlintOverride } from 'oxlint';
import { forbiddenImports, LAYER_NAMES, PROOF_FILES, type Layer } from './tooling/layers.ts';

const ASSERT = "Write import { strict as assert } from 'node:assert'.";
/** Modules that have two names or two ways in: one of them is used. */
const ONE_SPELLING = [
  { name: 'node:assert', allowImportNames: ['strict', 'AssertionError'], message: ASSERT },
  ...['node:assert/strict', 'assert', 'assert/strict'].map((name) => ({ name, message: ASSERT })),
];

/** A layer's forbidden imports, as `#layer/…` and as a relative path that climbs out of the folder. */
function importRule(layer: Layer, proves: boolean): NonNullable<OxlintOverride['rules']> {
  const patterns = forbiddenImports(layer, proves).map((other) => ({
    group: [`#${other}/**`, `../**/${other}/**`],
    message: `${layer} does not import ${other}: the layers are in tooling/layers.ts.`,
  }));
  return { 'no-restricted-imports': ['error', { paths: ONE_SPELLING, patterns }] };
}

const layerRules = LAYER_NAMES.flatMap((layer) => [
  { files: [`${layer}/**`], rules: importRule(layer, false) },
  { files: PROOF_FILES.map((pattern) => `${layer}/${pattern}`), rules: importRule(layer, true) },
]);

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'vitest', 'promise'],
  categories: { correctness: 'error' },
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['node_modules', '**/dist', '.weir', 'core/kernels/assembly'],
  rules: {
    eqeqeq: 'error',
    'no-restricted-imports': ['error', { paths: ONE_SPELLING }],
    'no-console': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'max-lines': ['error', { max: 400 }],
    'max-lines-per-function': ['error', { max: 70, skipComments: true }],
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-self-import': 'error',
    'import/no-duplicates': 'error',
    'import/no-commonjs': 'error',
    'import/no-default-export': 'error',
    'import/first': 'error',
    'import/newline-after-import': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'typescript/non-nullable-type-assertion-style': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    // What was caught may be thrown and rejected with again.
    'typescript/only-throw-error': ['error', { allowThrowingUnknown: true }],
    'typescript/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
    'typescript/restrict-template-expressions': ['error', { allowNever: true, allowNumber: true, allowBoolean: true }],
    'vitest/consistent-test-it': ['error', { fn: 'it', withinDescribe: 'it' }],
    'vitest/no-identical-title': 'error',
    'vitest/no-focused-tests': 'error',
    'vitest/no-disabled-tests': 'error',
    // Laws assert through fast-check, suites through functions that tests share; these three see neither.
    'vitest/expect-expect': 'off',
    'vitest/no-standalone-expect': 'off',
    'vitest/no-conditional-expect': 'off',
  },
  overrides: [
    ...layerRules,
    {
      files: ['core/**'],
      excludeFiles: PROOF_FILES,
      rules: {
        'no-restricted-globals': [
          'error',
          { name: 'setTimeout', message: 'core has no clock: time is an argument.' },
          { name: 'setInterval', message: 'core has no clock: time is an argument.' },
          { name: 'performance', message: 'core has no clock: time is an argument.' },
          { name: 'fetch', message: 'core does no IO.' },
          { name: 'process', message: 'core does not know the process that runs it.' },
        ],
        'no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: 'core has no clock: time is an argument.' },
          { object: 'Math', property: 'random', message: 'randomness is an argument.' },
        ],
      },
    },
    { files: ['cli/**', 'tooling/**'], rules: { 'no-console': 'off' } },
    { files: ['**/*.test.ts', '**/*.test.tsx', '**/*.cases.ts'], rules: { 'max-lines-per-function': 'off' } },
    { files: ['*.config.ts', 'serving/dashboard/*.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
});
