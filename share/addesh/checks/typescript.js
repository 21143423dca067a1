// TypeScript's own parser over what stands on standard input, for checks.yaml:
// nothing of it is run, and types are not looked at.
'use strict';
const wanted = new Set((process.argv[1] || '').split(' '));
const names = new Set((process.argv[2] || '').split(' '));
const out = [];

// Not from the workspace: what lies there is what is checked.
const ts = ['/usr/share/nodejs', '/usr/lib/node_modules',
  '/usr/local/lib/node_modules', '/opt/addesh/node/node_modules']
  .map(dir => {
    try { return require(dir + '/typescript'); } catch (e) { return null; }
  }).find(found => found);

// Words are of the text, which must not write lines of this answer.
function line(...words) {
  out.push(words.map(w => String(w).replace(/[\t\r\n]/g, ' ')).join('\t'));
}

function at(file, pos) {
  const p = ts.getLineAndCharacterOfPosition(file, pos);
  return [p.line + 1, p.character + 1];
}

function bare(module) {
  return String(module).replace(/^node:/, '').replace(/\s/g, ' ');
}

// The module that require('x'), import('x') or await of it is; or null.
function requires(node) {
  if (ts.isAwaitExpression(node)) return requires(node.expression);
  return ts.isCallExpression(node) && (node.expression.text === 'require' ||
    node.expression.kind === ts.SyntaxKind.ImportKeyword) &&
    isText(node.arguments[0]) ?
    bare(node.arguments[0].text) : null;
}

// All paths of names that it may be: an import may never happen, or in another
// place.
function paths(node, known) {
  if (ts.isIdentifier(node))
    return [node.text, ...(known.get(node.text) || [])];
  const m = requires(node);
  if (m !== null) return [m];
  if (ts.isCallExpression(node)) return paths(node.expression, known);
  if (ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.CommaToken)
    return paths(node.right, known);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) ||
      ts.isNonNullExpression(node))
    return paths(node.expression, known);
  const name = ts.isPropertyAccessExpression(node) ? node.name :
    ts.isElementAccessExpression(node) && isText(node.argumentExpression) ?
      node.argumentExpression : null;
  return name ? paths(node.expression, known).map(of => of + '.' + name.text) :
    [''];
}

// By the last import of its first name.
function dotted(node, known) {
  return paths(node, known).pop();
}

function know(known, name, path) {
  if (!known.has(name)) known.set(name, new Set());
  known.get(name).add(path);
}

// A name, or names of the properties, are given a module.
function bind(pattern, module, known) {
  if (ts.isIdentifier(pattern)) know(known, pattern.text, module);
  if (ts.isObjectBindingPattern(pattern))
    for (const e of pattern.elements)
      if (ts.isIdentifier(e.name))
        know(known, e.name.text,
          module + '.' + (e.propertyName || e.name).text);
}

function assigned(node) {
  return ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
}

function imported(file, node, known) {
  const module = bare(node.moduleSpecifier.text), c = node.importClause;
  line('i', ...at(file, node.getStart(file)), module);
  if (c && c.name) know(known, c.name.text, module);
  const b = c && c.namedBindings;
  if (b && ts.isNamespaceImport(b)) know(known, b.name.text, module);
  if (b && ts.isNamedImports(b))
    for (const e of b.elements)
      know(known, e.name.text, module + '.' + (e.propertyName || e.name).text);
}

function learn(file, node, known) {
  if (ts.isImportDeclaration(node) && !(node.importClause &&
      node.importClause.isTypeOnly))
    return imported(file, node, known);
  const [name, value] = ts.isVariableDeclaration(node) ?
    [node.name, node.initializer] :
    assigned(node) ? [node.left, node.right] : [];
  const m = value && requires(value);
  if (m) bind(name, m, known);
  const required = ts.isCallExpression(node) && requires(node);
  if (required) line('i', ...at(file, node.getStart(file)), required);
}

function isText(n) {
  return n && (ts.isStringLiteral(n) || ts.isNoSubstitutionTemplateLiteral(n));
}

function argument(node, known) {
  return node.kind === ts.SyntaxKind.TrueKeyword ? 'true' :
    node.kind === ts.SyntaxKind.FalseKeyword ? 'false' :
    dotted(node, known);
}

function call(file, node, known) {
  const words = [], found = paths(node.expression, known)
    .filter(name => wanted.has(name.split('.').pop()));
  if (!found.length) return;
  const given = node.arguments || [];
  for (const a of given) {
    words.push('=' + argument(a, known));
    for (const p of ts.isObjectLiteralExpression(a) ? a.properties : [])
      if (p.name && p.initializer)
        words.push(p.name.text + '=' + argument(p.initializer, known));
  }
  const fixed = given.every(a => isText(a) || ts.isNumericLiteral(a));
  for (const name of found)
    line('c', ...at(file, node.getStart(file)), name, fixed ? 1 : 0, ...words);
}

function nameOf(n) {
  return n ? String(n.text || (n.name && n.name.text) || '')
    .replace(/[^\w-]/g, '') : '';
}

function literal(file, node) {
  const v = node.text, p = node.parent;
  const name = p.initializer === node ? nameOf(p.name) :
    assigned(p) && p.right === node ? nameOf(p.left) : '';
  if (v.length < 6 || v.length > 4096) return;
  if (name || (v.length >= 20 && !v.includes(' ')) || v.includes('://') ||
      v.startsWith('-----BEGIN '))
    line('s', ...at(file, node.getStart(file)), name || '-',
      Buffer.from(v).toString('hex'));
}

function tell(file, node, known) {
  if (ts.isCallExpression(node) || ts.isNewExpression(node))
    call(file, node, known);
  else if (ts.isBinaryExpression(node) &&
      node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      node.operatorToken.kind <= ts.SyntaxKind.LastAssignment &&
      dotted(node.left, known).includes('.'))
    line('a', ...at(file, node.getStart(file)), dotted(node.left, known));
  else if ((ts.isJsxAttribute(node) || ts.isPropertyAssignment(node)) &&
      names.has(nameOf(node.name)))
    line('n', ...at(file, node.getStart(file)), nameOf(node.name));
  else if (isText(node))
    literal(file, node);
}

function parse(text) {
  const of = (name) => ts.createSourceFile(name, text,
    ts.ScriptTarget.Latest, true);
  const plain = of('checked.ts');
  // <T>x is TypeScript and no JSX, <p>x</p> the other way round.
  if (!plain.parseDiagnostics.length) return plain;
  const jsx = of('checked.tsx');
  return jsx.parseDiagnostics.length ? plain : jsx;
}

function check(text) {
  const file = parse(text), known = new Map(), nodes = [], todo = [file];
  const wrong = file.parseDiagnostics[0];
  if (wrong)
    return line('e', ...at(file, wrong.start),
      ts.flattenDiagnosticMessageText(wrong.messageText, ' ')
        .replace(/\s+/g, ' '));
  while (todo.length) {
    const node = todo.pop();
    nodes.push(node);
    ts.forEachChild(node, child => { todo.push(child); });
  }
  for (const node of nodes) learn(file, node, known);
  for (const node of nodes) tell(file, node, known);
}

const all = require('fs').readFileSync(0);
for (let i = 0; i < all.length;) {
  const nl = all.indexOf(10, i), size = Number(all.toString('latin1', i, nl));
  line('f');
  if (ts) {
    try {
      check(all.toString('utf8', nl + 1, nl + 1 + size));
    } catch (e) {
      if (!(e instanceof RangeError)) throw e;
      line('u');
      line('k', "it is nested too deeply for TypeScript's parser");
    }
  } else {
    line('u');
    line('k', 'no TypeScript is installed here, whose parser would look');
  }
  i = nl + 1 + size;
}
process.stdout.write(out.join('\n') + '\nend\n');
