import { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { parseRequest, type JobNames } from '../../tools/bench/options.js';

const jobs: JobNames = { encode: { about: 'vectors' }, soak: { about: 'memory', byNameOnly: true } };
let written = '';

beforeEach(() => {
  written = '';
  const keep = (text: string | Uint8Array): boolean => {
    written += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("the bench's command line", () => {
  it('asks for all jobs but those by name only, unless some are named', () => {
    expect(parseRequest([], jobs)).toMatchObject({ jobs: ['encode'], size: 'small', rounds: 3 });
    const named = parseRequest(['soak', '--size', 'full', '--threads', '2'], jobs);
    expect(named).toMatchObject({ jobs: ['soak'], size: 'full', threads: 2 });
  });

  it('lists the jobs in its help, which is no error', () => {
    expect(() => parseRequest(['--help'], jobs)).toThrow(expect.objectContaining({ exitCode: 0 }));
    expect(written).toMatch(/encode +vectors\n +soak \* +memory/);
  });

  it.each<[string[], RegExp]>([
    [['--size', 'medium'], /'medium' is invalid. Allowed choices are small, full/],
    [['--threads', 'x'], /--threads.*expected a whole number from 1, found "x"/],
    [['--rounds', '0'], /--rounds.*expected a whole number from 1, found "0"/],
    [['--rouns', '3'], /unknown option '--rouns'/],
  ])('%j is a sentence', (args, message) => {
    expect(() => parseRequest(args, jobs)).toThrow(CommanderError);
    expect(written).toMatch(message);
  });

  it('names the job that was meant', () => {
    const known = 'unknown job "encod", did you mean "encode"? known: encode, soak';
    expect(() => parseRequest(['encod'], jobs)).toThrow(new InputError(known));
  });
});
