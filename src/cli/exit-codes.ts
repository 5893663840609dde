/** Exit statuses of the process. */
export const exitCodes = { done: 0, checkFailed: 1, badInput: 2, fault: 3, interrupted: 130 } as const;
