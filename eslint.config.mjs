import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Arrows point down only: vocabulary ← contract ← adapter ← app; tools and e2e may use everything. */
const layers = [
  { sourceTag: 'type:vocabulary', onlyDependOnLibsWithTags: ['type:vocabulary'] },
  { sourceTag: 'type:contract', onlyDependOnLibsWithTags: ['type:vocabulary'] },
  { sourceTag: 'type:adapter', onlyDependOnLibsWithTags: ['type:vocabulary', 'type:contract'] },
  { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:vocabulary', 'type:contract', 'type:adapter'] },
  {
    sourceTag: 'type:tool',
    onlyDependOnLibsWithTags: ['type:vocabulary', 'type:contract', 'type:adapter', 'type:app'],
  },
  { sourceTag: 'type:e2e', onlyDependOnLibsWithTags: ['*'] },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/*.js', '**/*.mjs'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints: layers, banTransitiveDependencies: true, enforceBuildableLibDependency: true, allow: [] },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      eqeqeq: ['error', 'smart'],
    },
  },
);
