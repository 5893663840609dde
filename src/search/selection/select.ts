/**
 * Hoare's selection: moves numbers between `first` and `last` (both included) until `numbers[at]` is the one that sorting
 * would put there, with no larger ones before it and no smaller ones after it. Linear time on average.
 */
export function select(numbers: Float64Array, first: number, last: number, at: number): void {
  while (first < last) {
    const pivot = numbers[(first + last) >> 1]!;
    let [low, high] = [first, last];
    while (low <= high) {
      while (numbers[low]! < pivot) low++;
      while (numbers[high]! > pivot) high--;
      if (low > high) break;
      const swapped = numbers[low]!;
      numbers[low++] = numbers[high]!;
      numbers[high--] = swapped;
    }
    if (at <= high) last = high;
    else if (at >= low) first = low;
    else return;
  }
}
