import type { PickleBytes } from './pickle-bytes.js';
import { mark, type PickleMachine, type Slot } from './pickle-machine.js';
import { PickledDict } from './pickle-values.js';

/** The opcode that ends a pickle; its value is on the stack. */
export const stop = 0x2e;

/** Opcodes that push a value read from the bytes, whatever is on the stack. */
export const values: Readonly<Record<number, (read: PickleBytes) => Slot>> = {
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

function tuple(size: number): (p: PickleMachine) => void {
  return (p) => {
    p.push(Array.from({ length: size }, () => p.pop()).reverse());
  };
}

/** All other opcodes. */
export const actions: Readonly<Record<number, (p: PickleMachine) => void>> = {
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
