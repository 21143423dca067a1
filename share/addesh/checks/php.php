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

// Is a call's first argument a literal?  Others do not say what is run or read.
function fixed($t, $i) {
    for ($depth = 0; isset($t[$i]); $i++) {
        $depth += strpos(' ([', $t[$i]->text) ? 1
            : (strpos(' )]', $t[$i]->text) ? -1 : 0);
        if (!$depth || ($depth === 1 && $t[$i]->text === ','))
            return 1;
        if ($t[$i]->is([T_VARIABLE, T_STRING]))
            return 0;
    }
    return 1;
}

// The same for what stands between backquotes.
function fixed_shell($t, $i) {
    while (isset($t[++$i]) && $t[$i]->text !== '`')
        if ($t[$i]->is(T_VARIABLE))
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

function column($source, $token) {
    $nl = strrpos(substr($source, 0, $token->pos), "\n");
    return $token->pos - ($nl === false ? -1 : $nl);
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

function word($t, $i, $source, $wanted) {
    global $out;
    $text = strtolower(ltrim($t[$i]->text, '\\'));
    $before = skip($t, $i, -1);
    $next = skip($t, $i, 1);
    $of = isset($t[$before]) ? $t[$before]->text : '';
    if (!isset($wanted[$text]) || $of === 'function' || $of === '->' ||
        $of === '::' || ($t[$next]->text ?? '') !== '(')
        return;
    $out[] = implode("\t", ['c', $t[$i]->line, column($source, $t[$i]),
        $text, fixed($t, $next), argument($t, $next)]);
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
    foreach ($t as $i => $token) {
        if ($token->text === '`' && ($quoted = !$quoted))
            $out[] = "c\t{$token->line}\t" . column($source, $token) .
                "\t`\t" . fixed_shell($t, $i);
        if ($token->is([T_STRING, T_NAME_FULLY_QUALIFIED, T_EVAL]))
            word($t, $i, $source, $wanted);
        if (!$token->is(T_CONSTANT_ENCAPSED_STRING))
            continue;
        $value = substr($token->text, 1, -1);
        if (strlen($value) >= 6 && strlen($value) <= 4096)
            $out[] = implode("\t", ['s', $token->line,
                column($source, $token), name($t, $i), bin2hex($value)]);
    }
}

while (($size = fgets(STDIN)) !== false) {
    $out[] = 'f';
    check((int)$size ? stream_get_contents(STDIN, (int)$size) : '');
}
echo implode("\n", $out), "\nend\n";
