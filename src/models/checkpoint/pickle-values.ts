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
