import { InputError } from '../../core/errors.js';
import { PickleBytes } from './pickle-bytes.js';

/** A name that a pickle refers to, such as `torch.FloatStorage`. Nothing is imported or called for it. */
export class PickledName {
  constructor(readonly name: string) {}
}

/** A dictionary of a pickle. Attributes that a state dictionary has besides its entries are dropped. */
export class PickledDict {
  readonly entries: [key: PickledValue, value: PickledValue][] = [];
}

/** An object that the handler creates for a persistent id or an allowed call. */
export interface PickledObject {
  readonly kind: string;
}

export type PickledValue =
  null | boolean | number | bigint | string | PickledName | PickledDict | PickledObject | PickledValue[];

/** Decides which objects a pickle may create. `persistent` and `call` throw for anything unknown. */
export interface PickleHandler {
  /** Returns an object that is stored outside the pickle. */
  persistent(id: PickledValue): PickledObject;
  /** Returns the result of a call. {@link allows} has returned true for `name`. */
  call(name: string, args: readonly PickledValue[]): PickledValue;
  /** Returns true if the pickle may refer to this name. */
  allows(name: string): boolean;
}

const mark = Symbol('mark');
type Slot = PickledValue | typeof mark;

/**
 * Reads a pickle (protocols 2 to 5) without executing anything. Of Python's objects, only numbers, strings, tuples,
 * lists and dictionaries are built in; the handler creates all others, a fixed few that it knows by name. It takes one
 * pass over the bytes, without recursion, and creates at most one value per opcode.
 * Opcodes: https://github.com/python/cpython/blob/3.13/Lib/pickletools.py
 * @param source names the file in errors
 * @throws InputError for a name that is not allowed, an opcode that weights do not need, or bytes that end too soon
 */
export function readPickle(bytes: Uint8Array, handler: PickleHandler, source: string): PickledValue {
  return new Unpickler(bytes, handler, source).run();
}

class Unpickler {
  readonly read: PickleBytes;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PickledValue>();

  constructor(
    bytes: Uint8Array,
    private readonly handler: PickleHandler,
    private readonly source: string,
  ) {
    this.read = new PickleBytes(bytes, source);
  }

  run(): PickledValue {
    for (;;) {
      const opcode = this.read.uint(1);
      if (opcode === stop) return this.pop();
      const value = values[opcode];
      const act = actions[opcode];
      if (value !== undefined) this.push(value(this.read));
      else if (act !== undefined) act(this);
      else
        throw this.broken(
          `has opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${this.read.offset - 1}, which weights do not need`,
        );
    }
  }

  push(value: Slot): void {
    this.stack.push(value);
  }

  pop(): PickledValue {
    const value = this.stack.pop();
    if (value === undefined || value === mark) throw this.broken('takes a value from an empty stack');
    return value;
  }

  /** Pops the values above the last mark, and the mark itself. */
  popMark(): PickledValue[] {
    const at = this.stack.lastIndexOf(mark);
    if (at < 0) throw this.broken('closes a group that was not opened');
    return this.stack.splice(at).slice(1) as PickledValue[];
  }

  top(): PickledValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
  }

  rememberNext(): void {
    this.remember(this.memo.size);
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.broken(`refers to value ${index}, which it has not stored`);
    this.push(value);
  }

  name(module: PickledValue, attribute: PickledValue): void {
    if (typeof module !== 'string' || typeof attribute !== 'string')
      throw this.broken('has a name that is not a string');
    const name = `${module}.${attribute}`;
    if (!this.handler.allows(name))
      throw new InputError(
        `${this.source}: its pickle tries to load ${JSON.stringify(name)}, which weights do not need; it was not executed; do not trust this file`,
      );
    this.push(new PickledName(name));
  }

  reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof PickledName) || !Array.isArray(args)) throw this.broken('calls a value that is not a name');
    this.push(this.handler.call(callee.name, args));
  }

  persistent(): void {
    this.push(this.handler.persistent(this.pop()));
  }

  append(values: readonly PickledValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.broken('appends to a value that is not a list');
    for (const value of values) list.push(value);
  }

  setItems(values: readonly PickledValue[]): void {
    const dict = this.top();
    if (!(dict instanceof PickledDict) || values.length % 2 !== 0)
      throw this.broken('sets items of a value that is not a dictionary');
    for (let i = 0; i < values.length; i += 2) dict.entries.push([values[i]!, values[i + 1]!]);
  }

  /** Drops attributes. Only dictionaries may have any: a state dictionary has `_metadata`. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof PickledDict)) throw this.broken('sets attributes of a value that is not a dictionary');
  }

  broken(problem: string): InputError {
    return this.read.broken(problem);
  }
}

const stop = 0x2e;

/** Opcodes that push a value read from the bytes, whatever is on the stack. */
const values: Readonly<Record<number, (read: PickleBytes) => Slot>> = {
  0x28: () => mark, // MARK
  0x4e: () => null, // NONE
  0x88: () => true, // NEWTRUE
  0x89: () => false, // NEWFALSE
  0x4b: (read) => read.uint(1), // BININT1
  0x4d: (read) => read.uint(2), // BININT2
  0x4a: (read) => read.int32(), // BININT
  0x8a: (read) => read.long(read.uint(1)), // LONG1
  0x47: (read) => read.float(), // BINFLOAT
  0x58: (read) => read.text(read.uint(4)), // BINUNICODE
  0x8c: (read) => read.text(read.uint(1)), // SHORT_BINUNICODE
  0x8d: (read) => read.text(read.length64()), // BINUNICODE8
  0x29: () => [], // EMPTY_TUPLE
  0x5d: () => [], // EMPTY_LIST
  0x7d: () => new PickledDict(), // EMPTY_DICT
};

function tuple(size: number): (p: Unpickler) => void {
  return (p) => {
    p.push(Array.from({ length: size }, () => p.pop()).reverse());
  };
}

/** All other opcodes. */
const actions: Readonly<Record<number, (p: Unpickler) => void>> = {
  // PROTO
  0x80: ({ read }) => {
    read.take(1);
  },
  // FRAME
  0x95: ({ read }) => {
    read.take(8);
  },
  // POP
  0x30: (p) => {
    p.pop();
  },
  0x85: tuple(1), // TUPLE1
  0x86: tuple(2), // TUPLE2
  0x87: tuple(3), // TUPLE3
  // TUPLE
  0x74: (p) => {
    p.push(p.popMark());
  },
  // APPEND
  0x61: (p) => {
    const value = p.pop();
    p.append([value]);
  },
  // APPENDS
  0x65: (p) => {
    const items = p.popMark();
    p.append(items);
  },
  // SETITEM
  0x73: (p) => {
    const value = p.pop();
    const key = p.pop();
    p.setItems([key, value]);
  },
  // SETITEMS
  0x75: (p) => {
    const items = p.popMark();
    p.setItems(items);
  },
  // BINPUT
  0x71: (p) => {
    p.remember(p.read.uint(1));
  },
  // LONG_BINPUT
  0x72: (p) => {
    p.remember(p.read.uint(4));
  },
  // MEMOIZE
  0x94: (p) => {
    p.rememberNext();
  },
  // BINGET
  0x68: (p) => {
    p.recall(p.read.uint(1));
  },
  // LONG_BINGET
  0x6a: (p) => {
    p.recall(p.read.uint(4));
  },
  // GLOBAL
  0x63: (p) => {
    const module = p.read.line();
    p.name(module, p.read.line());
  },
  // STACK_GLOBAL
  0x93: (p) => {
    const attribute = p.pop();
    p.name(p.pop(), attribute);
  },
  // BINPERSID
  0x51: (p) => {
    p.persistent();
  },
  // REDUCE
  0x52: (p) => {
    p.reduce();
  },
  // BUILD
  0x62: (p) => {
    p.build();
  },
};
