// V8's parser says whether it is JavaScript, and acorn, which Node has inside,
// what stands in it.  Scripts are compiled, never run.
'use strict';
const vm = require('vm');
const wanted = new Set((process.argv[1] || '').split(' '));
const names = new Set((process.argv[2] || '').split(' '));
const out = [];
let acorn = null;
let above = 0; // lines that are not of the text

try {
  acorn = require('internal/deps/acorn/acorn/dist/acorn');
} catch (e) { /* then the text itself is looked at */ }

// Words are of the text, which must not write lines of this answer.
function line(...words) {
  out.push(words.map(w => String(w).replace(/[\t\r\n]/g, ' ')).join('\t'));
}

function place(e) {
  const stack = String(e.stack).split('\n');
  const at = /:(\d+)$/.exec(stack[0]);
  const mark = stack.find(l => /^\s*\^+\s*$/.test(l));
  return [at ? at[1] : 0, mark ? mark.indexOf('^') + 1 : 0];
}

// Of a module V8 tells no place: acorn's is that of the same error.
function placeOf(e, text) {
  const [l, c] = place(e);
  try {
    if (!l && acorn) acorn.parse(text, { ecmaVersion: 'latest',
      sourceType: 'module', locations: true });
  } catch (other) {
    if (other.loc) return [other.loc.line, other.loc.column + 1];
  }
  return [l, c];
}

function complain(e, text) {
  if (!(e instanceof SyntaxError))
    return line('e', 0, 0, "it is nested too deeply for V8's parser");
  const [l, c] = placeOf(e, text);
  line('e', l, c, String(e.message).replace(/\s+/g, ' '));
}

function asScript(text) {
  vm.compileFunction(text, ['exports', 'require', 'module', '__filename',
    '__dirname'], { filename: 'checked' });
}

function asModule(text) {
  new vm.SourceTextModule(text, { identifier: 'checked' });
}

function tryBoth(text) {
  let first, second;
  try { asScript(text); return 'script'; } catch (e) { first = e; }
  try { asModule(text); return 'module'; } catch (e) { second = e; }
  const later = /import|export|await/.test(first.message);
  complain(later ? second : first, text);
  return null;
}

// All paths of names that it may be: an import may never happen, or in another
// place.
function paths(node, known) {
  if (!node) return [''];
  if (node.type === 'ChainExpression') return paths(node.expression, known);
  if (node.type === 'SequenceExpression')
    return paths(node.expressions[node.expressions.length - 1], known);
  if (node.type === 'Identifier')
    return [node.name, ...(known.get(node.name) || [])];
  const m = requires(node);
  if (m !== null) return [m];
  if (node.type === 'CallExpression') return paths(node.callee, known);
  if (node.type !== 'MemberExpression') return [''];
  const p = node.property;
  const name = !node.computed ? p.name : isText(p) ? textOf(p) : '';
  return paths(node.object, known).map(of => of + '.' + name);
}

// By the last import of its first name.
function dotted(node, known) {
  return paths(node, known).pop();
}

function know(known, name, path) {
  if (!known.has(name)) known.set(name, new Set());
  known.get(name).add(path);
}

function bare(module) {
  return String(module).replace(/^node:/, '').replace(/\s/g, ' ');
}

// The module that require('x'), import('x') or await of it is; or null.
function requires(node) {
  if (!node) return null;
  if (node.type === 'AwaitExpression') return requires(node.argument);
  const a = node.type === 'ImportExpression' ? node.source :
    node.type === 'CallExpression' && node.callee.name === 'require' &&
    node.arguments[0];
  return isText(a) ? bare(textOf(a)) : null;
}

function bind(pattern, module, known) {
  if (pattern.type === 'Identifier') know(known, pattern.name, module);
  if (pattern.type !== 'ObjectPattern') return;
  for (const p of pattern.properties)
    if (p.value && p.value.type === 'Identifier' && p.key)
      know(known, p.value.name, module + '.' + (p.key.name || p.key.value));
}

function given(pattern, value, known) {
  const m = requires(value) || (value.type === 'MemberExpression' &&
    requires(value.object) ? dotted(value, known) : null);
  if (m) bind(pattern, m, known);
}

function at(node) {
  return [node.loc.start.line - above, node.loc.start.column + 1];
}

function learn(node, known) {
  if (node.type === 'ImportDeclaration') {
    const m = bare(node.source.value);
    line('i', ...at(node), m);
    for (const s of node.specifiers)
      know(known, s.local.name, s.type === 'ImportSpecifier' ?
        m + '.' + (s.imported.name || s.imported.value) : m);
  } else if (node.type === 'VariableDeclarator' && node.init) {
    given(node.id, node.init, known);
  } else if (node.type === 'AssignmentExpression' && node.operator === '=') {
    given(node.left, node.right, known);
  } else if (node.type === 'CallExpression' ||
      node.type === 'ImportExpression') {
    const m = requires(node);
    if (m) line('i', ...at(node), m);
  }
}

function argument(node, known) {
  if (node.type === 'Literal' && typeof node.value !== 'string')
    return String(node.value);
  return dotted(node, known);
}

function fixed(a) {
  return a.type === 'Literal' ||
    (a.type === 'TemplateLiteral' && !a.expressions.length);
}

function call(node, known) {
  const found = paths(node.callee, known)
    .filter(name => wanted.has(name.split('.').pop()));
  if (!found.length) return;
  const words = [];
  for (const a of node.arguments) {
    words.push('=' + argument(a, known));
    for (const p of a.type === 'ObjectExpression' ? a.properties : [])
      if (p.key) words.push((p.key.name || p.key.value) + '=' +
        argument(p.value, known));
  }
  for (const name of found)
    line('c', ...at(node), name, node.arguments.every(fixed) ? 1 : 0, ...words);
}

function literal(node, name) {
  const v = textOf(node);
  node.told = true;
  if (!v || v.length < 6 || v.length > 4096) return;
  if (name || (v.length >= 20 && !v.includes(' ')) || v.includes('://') ||
      v.startsWith('-----BEGIN '))
    line('s', ...at(node), name || '-', Buffer.from(v).toString('hex'));
}

function isText(n) {
  return n && ((n.type === 'Literal' && typeof n.value === 'string') ||
    (n.type === 'TemplateLiteral' && !n.expressions.length));
}

function textOf(n) {
  return n.type === 'Literal' ? n.value : n.quasis[0].value.cooked || '';
}

function nameOf(n) {
  const name = n && (n.name || n.value || (n.property && nameOf(n.property)));
  return typeof name === 'string' ? name.replace(/[^\w-]/g, '') : '';
}

function named(node) {
  const pair = node.type === 'VariableDeclarator' ? [node.id, node.init] :
    node.type === 'AssignmentExpression' ? [node.left, node.right] :
    node.type === 'Property' || node.type === 'PropertyDefinition' ?
      [node.key, node.value] :
    node.type === 'AssignmentPattern' ? [node.left, node.right] : null;
  if (pair && isText(pair[1])) literal(pair[1], nameOf(pair[0]));
}

function tell(node, known) {
  named(node);
  if (node.type === 'CallExpression' || node.type === 'NewExpression')
    call(node, known);
  else if (node.type === 'AssignmentExpression' &&
      node.left.type === 'MemberExpression')
    line('a', ...at(node), dotted(node.left, known));
  else if (node.type === 'Property' && nameOf(node.key) &&
      names.has(nameOf(node.key)))
    line('n', ...at(node), nameOf(node.key));
  else if (isText(node) && !node.told)
    literal(node, '');
}

function walk(tree) {
  const nodes = [], todo = [tree], known = new Map();
  while (todo.length) {
    const node = todo.pop();
    nodes.push(node);
    for (const key in node) {
      const v = node[key];
      if (Array.isArray(v)) v.forEach(x => { if (x && x.type) todo.push(x); });
      else if (v && typeof v.type === 'string' && v.loc) todo.push(v);
    }
  }
  for (const node of nodes) learn(node, known);
  for (const node of nodes) tell(node, known);
}

function check(text) {
  const sourceType = tryBoth(text.replace(/^#!/, '//'));
  if (!sourceType) return;
  if (!acorn) return line('u');
  // Node makes a function of a script: return and new.target are right there.
  above = sourceType === 'script' ? 1 : 0;
  const whole = above ?
    '(function () {\n' + text.replace(/^#!/, '//') + '\n})' : text;
  try {
    walk(acorn.parse(whole, { ecmaVersion: 'latest', sourceType,
      locations: true, allowHashBang: true,
      allowAwaitOutsideFunction: sourceType === 'module' }));
  } catch (e) {
    if (!(e instanceof SyntaxError) && !(e instanceof RangeError)) throw e;
    line('u');
    line('k', e instanceof RangeError ? 'it is nested too deeply to look into' :
      'the parser that Node has inside says: ' + e.message);
  }
}

const all = require('fs').readFileSync(0);
for (let i = 0; i < all.length;) {
  const nl = all.indexOf(10, i), size = Number(all.toString('latin1', i, nl));
  line('f');
  check(all.toString('utf8', nl + 1, nl + 1 + size));
  i = nl + 1 + size;
}
process.stdout.write(out.join('\n') + '\nend\n');
