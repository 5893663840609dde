#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { InputError, InterruptedError, messageOf } from '../core/errors.js';
import { printable } from '../core/printable.js';
import { systemSentence } from '../core/system-errors.js';
import { exitCodes } from './exit-codes.js';

/** The command line. Each verb loads its code when it is called, so that help and evaluate start fast. */
async function program(): Promise<Command> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const verbs = await Promise.all([
    import('./demo.js').then(({ demoCommand }) => demoCommand()),
    import('./run.js').then(({ runCommand }) => runCommand()),
    import('./evaluate.js').then(({ evaluateCommand }) => evaluateCommand()),
    import('./report.js').then(({ reportCommand }) => reportCommand()),
    import('./compare.js').then(({ compareCommand }) => compareCommand()),
    import('./check.js').then(({ checkCommand }) => checkCommand()),
    import('./worker.js').then(({ workerCommand }) => workerCommand()),
    import('./merge.js').then(({ mergeCommand }) => mergeCommand()),
    import('./datasets.js').then(({ datasetsCommand }) => datasetsCommand()),
    import('./models.js').then(({ modelsCommand }) => modelsCommand()),
  ]);
  const root = new Command('sgpt-bench')
    .description('BEIR and USEB evaluation of GPT sentence embeddings: retrieval, re-ranking, measures, reports')
    .version(version)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false });
  for (const verb of verbs) root.addCommand(verb);
  for (const command of [root, ...root.commands.flatMap((verb) => [verb, ...verb.commands])]) {
    command.exitOverride().option('--verbose', 'show stack traces of errors');
  }
  return root;
}

/** Runs the command line. The only place that turns errors into messages and exit codes. */
async function main(): Promise<number> {
  try {
    await (await program()).parseAsync();
    return typeof process.exitCode === 'number' ? process.exitCode : exitCodes.done;
  } catch (caught) {
    if (caught instanceof CommanderError) return caught.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
    const error = explained(caught);
    if (process.argv.includes('--verbose')) console.error(caught);
    else process.stderr.write(`sgpt-bench: ${describe(error)}\n`);
    if (error instanceof InputError) return exitCodes.badInput;
    return error instanceof InterruptedError ? exitCodes.interrupted : exitCodes.fault;
  }
}

/** An error of the operating system that nothing closer has explained (a full disk, too many open files) is a user's. */
function explained(error: unknown): unknown {
  const sentence = error instanceof InputError ? undefined : systemSentence(error);
  return sentence === undefined ? error : new InputError(sentence, { cause: error });
}

function describe(error: unknown): string {
  if (error instanceof InputError || error instanceof InterruptedError) return error.message;
  return printable(`unexpected fault: ${messageOf(error)} (--verbose shows where)`);
}

// A reader that closes the pipe early (`| head`) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  throw error;
});

process.exitCode = await main();
