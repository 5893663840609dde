import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Compiles src to dist once before all tests: the command line is tested as it is shipped, and starts faster. */
export default function build(): void {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: 'inherit',
  });
}
