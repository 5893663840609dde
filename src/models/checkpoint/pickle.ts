import { PickleMachine, type PickleSource } from './pickle-machine.js';
import { actions, stop, values } from './pickle-opcodes.js';
import type { PickledValue, PickleHandler } from './pickle-values.js';

/**
 * Reads a pickle (protocols 2 to 5) without executing anything. Of Python's objects, only numbers, strings, tuples,
 * lists and dictionaries are built in; the handler creates all others, a fixed few that it knows by name. It takes one
 * pass over the bytes, without recursion, creates at most one value per opcode, and stops after `maxOpcodes` of them.
 * Opcodes: https://github.com/python/cpython/blob/3.13/Lib/pickletools.py
 * @throws InputError for a name that is not allowed, an opcode that weights do not need, more opcodes than allowed, or
 * bytes that end too soon
 */
export function readPickle(source: PickleSource, handler: PickleHandler): PickledValue {
  const machine = new PickleMachine(source, handler);
  for (let count = 0; count < source.maxOpcodes; count++) {
    const opcode = machine.read.uint(1);
    if (opcode === stop) return machine.pop();
    const value = values[opcode];
    const act = actions[opcode];
    if (value !== undefined) machine.push(value(machine.read));
    else if (act !== undefined) act(machine);
    else
      throw machine.broken(
        `has opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${machine.read.offset - 1}, which weights do not need`,
      );
  }
  throw machine.broken(`has more than ${source.maxOpcodes} opcodes, which its tensors do not need`);
}
