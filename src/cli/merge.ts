import { Command } from 'commander';

const help = `
The output may be one of the folders, or a folder with files in it. Everything is checked before anything is copied.

Examples:
  sgpt-bench merge share-1 share-2 share-3 --output results     folders that "run --shard I/3 --output share-I" wrote to
  sgpt-bench merge store-1 store-2 --output store               folders of "run --shard I/2 --store store-I"`;

/** `sgpt-bench merge`: merges the stores or results of several machines. */
export function mergeCommand(): Command {
  return new Command()
    .argument('<dir...>', 'stores, or results folders with the store within')
    .requiredOption('--output <dir>', 'folder to copy to')
    .addHelpText('after', help)
    .action(merge);
}

async function merge(folders: string[], { output }: { readonly output: string }): Promise<void> {
  const { mergeFolders } = await import('../pipeline/merge.js');
  const { copied, same } = await mergeFolders(folders, output);
  process.stdout.write(`${copied} files copied to ${output}, ${same} already existed with the same bytes\n`);
}
