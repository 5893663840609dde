import { InputError } from '../../core/errors.js';
import { PickleBytes } from './pickle-bytes.js';
import { PickledDict, PickledName, type PickledValue, type PickleHandler } from './pickle-values.js';

/** The bytes of a pickle. */
export interface PickleSource {
  readonly bytes: Uint8Array;
  /** Names the file in errors. */
  readonly path: string;
  /** Most opcodes to follow. */
  readonly maxOpcodes: number;
}

/** Where a group of values begins on the stack. */
export const mark = Symbol('mark');
export type Slot = PickledValue | typeof mark;

/** The stack and the memo of a pickle that is being read, and what opcodes do to them. */
export class PickleMachine {
  readonly read: PickleBytes;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PickledValue>();

  private readonly path: string;

  constructor(
    { bytes, path }: PickleSource,
    private readonly handler: PickleHandler,
  ) {
    this.read = new PickleBytes(bytes, path);
    this.path = path;
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
        `${this.path}: its pickle tries to load ${JSON.stringify(name)}, which weights do not need; it was not executed; do not trust this file`,
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
