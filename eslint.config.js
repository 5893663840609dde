import { readFileSync } from 'node:fs';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Which room of a folder may import which other: the one table, also read by test/architecture.test.ts. "." are the files
 * of the folder itself.
 */
const laws = JSON.parse(readFileSync(new URL('./architecture.json', import.meta.url), 'utf8'));

/** Patterns of what a room may not import, for `no-restricted-imports`. */
function forbidden(folder, room) {
  const others = Object.keys(laws[folder]).filter(
    (other) => other !== room && other !== '.' && !laws[folder][room].includes(other),
  );
  return others.map((other) => ({
    regex: `^(\\./|(\\.\\./)+)${other}/`,
    message: `${folder}/${room} may not import ${folder}/${other} (architecture.json).`,
  }));
}

/** A rule for each room. That of a room within a room has the outer one's patterns, too: a later rule replaces an earlier one. */
const importRules = Object.entries(laws).flatMap(([folder, rooms]) =>
  Object.keys(rooms).map((room) => {
    const [outer, inner] = folder.split('/');
    const patterns = [...(inner === undefined ? [] : forbidden(outer, inner)), ...forbidden(folder, room)];
    return {
      files: [room === '.' ? `${folder}/*.ts` : `${folder}/${room}/**/*.ts`],
      rules: { 'no-restricted-imports': ['error', { patterns }] },
    };
  }),
);

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', 'results', 'reports', 'datasets', 'models'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // A test for an index that must exist reads better than a ladder of optional chaining.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Empty-object and index-signature access follow tsconfig's noPropertyAccessFromIndexSignature.
      '@typescript-eslint/dot-notation': 'off',
      'no-control-regex': 'off',
      // Python's len() counts code points; tests compare with [...text].
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
  ...importRules,
);
