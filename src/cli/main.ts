#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { InputError, InterruptedError, messageOf } from '../core/errors.js';
import { printable } from '../core/printable.js';
import { systemSentence } from '../core/system-errors.js';
import { exitCodes } from './exit-codes.js';
import { guardOutput } from './standard-output.js';
import { verbs } from './verbs.js';

/** The command line. Only the verb that the arguments name is imported; of the others, name and description suffice. */
async function program(args: readonly string[]): Promise<Command> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const root = new Command('sgpt-bench')
    .description('BEIR and USEB evaluation of GPT sentence embeddings: retrieval, re-ranking, measures, reports')
    .version(version)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, subcommandTerm: (command) => command.name() });
  const named = verbNamedBy(args);
  for (const { name, description, load } of verbs) {
    const command = name === named ? await load() : new Command();
    root.addCommand(command.name(name).description(description));
  }
  for (const command of [root, ...root.commands.flatMap((verb) => [verb, ...verb.commands])]) {
    command.exitOverride().option('--verbose', 'show stack traces of errors');
  }
  return root;
}

/** The first word, or the second after `help`; the options before it have no values. */
function verbNamedBy(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'));
  return first === 'help' ? second : first;
}

/** Runs the command line. The only place that turns errors into messages and exit codes. */
async function main(): Promise<number> {
  try {
    await (await program(process.argv.slice(2))).parseAsync();
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

const statusOf = guardOutput();
process.exitCode = await statusOf(await main());
