import { readFileSync } from 'node:fs';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Which part of src may import which: the one table, also read by test/architecture.test.ts. */
const allowedImports = JSON.parse(readFileSync(new URL('./architecture.json', import.meta.url), 'utf8'));
const parts = Object.keys(allowedImports);

/** Files of src itself (evaluate.ts …) share their names with files in folders; the test sees to those. */
const importRules = parts.map((part) => {
  const forbidden = parts.filter(
    (other) => other !== part && !other.endsWith('.ts') && !allowedImports[part].includes(other),
  );
  return {
    files: [part.endsWith('.ts') ? `src/${part}` : `src/${part}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: forbidden.map((other) => ({
            regex: `^(\\./|(\\.\\./)+)${other}/`,
            message: `src/${part} may not import src/${other} (architecture.json).`,
          })),
        },
      ],
    },
  };
});

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
