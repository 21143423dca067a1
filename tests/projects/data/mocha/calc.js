function add(a, b) {
  return a + b;
}

function div(a, b) {
  if (b === 0) {
    throw new RangeError("division by zero");
  }
  return a / b;
}

function never(a) {
  return a;
}

module.exports = { add, div, never };
