// Lints the resolvers that ampup emits with AWS's own rules for APPSYNC_JS.
// Run from a folder with the resolvers and a tsconfig.json that includes them; see lint_resolvers.sh.
import appsync from '@aws-appsync/eslint-plugin';

export default [
  { files: ['**/*.js'] },
  { languageOptions: { parserOptions: { project: true, tsconfigRootDir: process.cwd() } } },
  appsync.configs.recommended,
];
