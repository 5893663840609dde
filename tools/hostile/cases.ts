import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runLimited, type Limits, type Outcome } from './limits.js';
import { mutate } from './mutate.js';
import { Random } from './random.js';
import type { Target } from './targets.js';
import { complaintAbout } from './verdict.js';
import { copyParts, program } from './workspace.js';

/** One changed file, and what became of the command that read it. */
export interface CaseResult {
  readonly seed: number;
  readonly target: Target;
  readonly outcome: Outcome;
  /** Null if the outcome is one of the allowed ones. */
  readonly complaint: string | null;
}

export interface CaseOptions {
  readonly workspace: string;
  readonly targets: readonly Target[];
  /** Folder for the cases' copies. */
  readonly scratch: string;
  readonly limits: Limits;
  /** Keeps the copy of a case with a complaint. */
  readonly keep: boolean;
}

/** Runs the case with this number: it decides the target and the changes, so that the case can be run again alone. */
export async function runCase(seed: number, options: CaseOptions): Promise<CaseResult> {
  const random = new Random(seed * 7919);
  const target = options.targets[seed % options.targets.length]!;
  const folder = mkdtempSync(join(options.scratch, `case-${seed}-`));
  copyParts(options.workspace, folder, target.parts);
  const path = join(folder, target.file);
  let bytes: Buffer = readFileSync(path);
  for (let changes = random.oneIn(3) ? 3 : 1; changes > 0; changes--) bytes = changedBytes(bytes, target, random);
  writeFileSync(path, bytes);
  const server = await serve(folder, target);
  const command = target.command.map((word) => (word === 'SERVER' ? server.address : word));
  const outcome = await runLimited([program, ...command], folder, options.limits);
  server.close();
  const complaint = complaintAbout(outcome);
  if (complaint === null || !options.keep) rmSync(folder, { recursive: true, force: true });
  return { seed, target, outcome, complaint };
}

/** A further change of a file that is not valid any more is one of its bytes. */
function changedBytes(bytes: Buffer, { kind }: Target, random: Random): Buffer {
  try {
    return mutate(bytes, kind, random);
  } catch {
    return mutate(bytes, 'binary', random);
  }
}

/** Serves the files of the case's folder `server`, if its command asks for it. */
async function serve(folder: string, target: Target): Promise<{ address: string; close: () => void }> {
  if (!target.command.includes('SERVER')) return { address: '', close: () => undefined };
  const server = createServer((_, response) => {
    response.end(readFileSync(join(folder, target.file)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
