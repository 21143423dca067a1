// PHP's own tokenizer over what stands on standard input, for checks.yaml:
// nothing of it is run.
$wanted = array_flip(explode(' ', strtolower($argv[1] ?? '')));
$out = [];

function skip($t, $i, $step) {
    do
        $i += $step;
    while (isset($t[$i]) && $t[$i]->is([T_WHITESPACE, T_COMMENT,
        T_DOC_COMMENT]));
    return $i;
}

const BACKQUOTE = 96; // other tokens may have its text

// Is it a literal, or a part of one, or what stands between several?
function is_literal($token) {
    return $token->is([T_WHITESPACE, T_COMMENT, T_DOC_COMMENT, T_LNUMBER,
        T_DNUMBER, T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE,
        T_START_HEREDOC, T_END_HEREDOC, T_DIR, T_FILE, T_LINE, '"', '.', '(',
        ')', '[', ']', ',', T_DOUBLE_ARROW]);
}

// Is a call's first argument a literal?  Others do not say what is run or read.
function fixed($t, $i) {
    for ($depth = 0; isset($t[$i]); $i++) {
        $depth += $t[$i]->is(['(', '[']) ? 1
            : ($t[$i]->is([')', ']']) ? -1 : 0);
        if (!$depth || ($depth === 1 && $t[$i]->is(',')))
            return 1;
        if (!is_literal($t[$i]))
            return 0;
    }
    return 1;
}

// The same for what stands between backquotes.
function fixed_shell($t, $i) {
    while (isset($t[++$i]) && $t[$i]->id !== BACKQUOTE)
        if (!$t[$i]->is(T_ENCAPSED_AND_WHITESPACE))
            return 0;
    return 1;
}

// "=f()" if the first argument is a call.
function argument($t, $i) {
    $first = skip($t, $i, 1);
    return isset($t[$first]) && $t[$first]->is([T_STRING,
        T_NAME_FULLY_QUALIFIED]) && ($t[skip($t, $first, 1)]->text ?? '') === '('
        ? '=' . strtolower(ltrim($t[$first]->text, '\\')) . '()' : '=';
}

function name($t, $i) {
    $k = skip($t, $i, -1);
    if (!isset($t[$k]) || !in_array($t[$k]->text, ['=', '=>', ',']))
        return '-';
    $separator = $t[$k]->text;
    $k = skip($t, $k, -1);
    if (isset($t[$k]) && $t[$k]->text === ']')
        $k = skip($t, $k, -1);
    if (!isset($t[$k]))
        return '-';
    $first = skip($t, skip($t, $k, -1), -1);
    if ($separator === ',' && (!isset($t[$first]) ||
            strtolower($t[$first]->text) !== 'define'))
        return '-';
    return preg_replace('/[^\w-]/', '', $t[$k]->text) ?: '-';
}

function word($t, $i, $column, $wanted) {
    global $out;
    $text = strtolower(ltrim($t[$i]->text, '\\'));
    $before = skip($t, $i, -1);
    $next = skip($t, $i, 1);
    $of = isset($t[$before]) ? $t[$before]->text : '';
    if (!isset($wanted[$text]) || $of === 'function' || $of === '->' ||
        $of === '::' || ($t[$next]->text ?? '') !== '(')
        return;
    $out[] = implode("\t", ['c', $t[$i]->line, $column, $text,
        fixed($t, $next), argument($t, $next)]);
}

function check($source) {
    global $out, $wanted;
    try {
        $t = PhpToken::tokenize($source, TOKEN_PARSE);
    } catch (ParseError $e) {
        $out[] = "e\t" . $e->getLine() . "\t0\t" .
            preg_replace('/\s+/', ' ', $e->getMessage());
        return;
    }
    $quoted = false;
    $line = 0; // where the token's line begins
    foreach ($t as $i => $token) {
        $column = $token->pos - $line + 1;
        $nl = strrpos($token->text, "\n");
        if ($nl !== false)
            $line = $token->pos + $nl + 1;
        if ($token->id === BACKQUOTE && ($quoted = !$quoted))
            $out[] = "c\t{$token->line}\t$column\t`\t" . fixed_shell($t, $i);
        if ($token->is([T_STRING, T_NAME_FULLY_QUALIFIED, T_EVAL]))
            word($t, $i, $column, $wanted);
        if (!$token->is(T_CONSTANT_ENCAPSED_STRING))
            continue;
        $value = substr($token->text, 1, -1);
        if (strlen($value) >= 6 && strlen($value) <= 4096)
            $out[] = implode("\t", ['s', $token->line,
                $column, name($t, $i), bin2hex($value)]);
    }
}

while (($size = fgets(STDIN)) !== false) {
    $out[] = 'f';
    check((int)$size ? stream_get_contents(STDIN, (int)$size) : '');
}
echo implode("\n", $out), "\nend\n";
