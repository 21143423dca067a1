export function add(a, b) {
  return a + b;
}

export function div(a, b) {
  if (b === 0) {
    throw new RangeError("division by zero");
  }
  return a / b;
}

export function never(a) {
  return a;
}
