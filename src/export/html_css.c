/*
 * The page's style sheet.  Colours have a contrast of at least 4.5 to what is
 * behind them (WCAG 2.2, 1.4.3); those of output are in html_style.c.  No text
 * scrolls sideways, on a screen of 320 pixels either: it wraps.
 */
#include "export/html_impl.h"

#define LIGHT                                                            \
	"--page:#fff;--text:#1c2128;--soft:#57606a;--line:#d5dae1;"      \
	"--box:#f6f7f9;--head:#eceff3;--link:#0b57d0;--bad:#b3261e;"     \
	"--note:#0e5a66;--name:#0b52b5;--word:#8a2a9c;--string:#17692f;" \
	"--number:#7a5200;--remark:#5a626d;--del:#fde7e5;--ins:#dff5e5;" \
	"--mark-del:#f9c6c1;--mark-ins:#b2e5c0"
#define DARK                                                             \
	"--page:#0f1318;--text:#e6e9ee;--soft:#a3acb8;--line:#333b46;"   \
	"--box:#161b22;--head:#1e252e;--link:#8ab4f8;--bad:#ff8b80;"     \
	"--note:#7cc7d3;--name:#82b1ff;--word:#dda0f0;--string:#6fd08c;" \
	"--number:#e3b341;--remark:#a0a9b5;--del:#3a1f20;--ins:#173024;" \
	"--mark-del:#6e2d2b;--mark-ins:#1f5c38"

const char html_css[] =
    ":root{" LIGHT ";color-scheme:light dark}\n"
    "@media screen and (prefers-color-scheme:dark){:root{" DARK "}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:0 1rem;max-width:62rem;background:var(--page);"
    "color:var(--text);font:1rem/1.6 system-ui,sans-serif;"
    "overflow-wrap:anywhere}\n"
    "pre,code,.what{font-family:ui-monospace,\"SFMono-Regular\",Menlo,"
    "Consolas,\"Liberation Mono\",monospace;font-size:.875rem}\n"
    "a{color:var(--link);text-underline-offset:.15em}\n"
    ":focus-visible{outline:3px solid var(--link);outline-offset:2px;"
    "border-radius:2px}\n"
    ".skip{position:absolute;left:1rem;top:-4rem;padding:.5rem 1rem;"
    "background:var(--page);z-index:1}\n"
    ".skip:focus{top:.5rem}\n"
    "h1,h2,h3,h4,h5,h6{line-height:1.25;margin:2.2rem 0 .6rem;"
    "scroll-margin-top:1rem}\n"
    "h1{font-size:2rem;margin:2.5rem 0 .5rem}\n"
    "h2{font-size:1.4rem}\nh3{font-size:1.15rem}\n"
    "h4,h5,h6{font-size:1rem}\n"
    "p,ul,ol,blockquote{margin:.7rem 0}\n"
    "blockquote{padding-left:1rem;border-left:3px solid var(--line);"
    "color:var(--soft)}\n"
    "hr{border:0;border-top:1px solid var(--line);margin:2rem 0}\n"
    "p code,li code,h1 code,h2 code,h3 code{background:var(--head);"
    "padding:.1em .3em;border-radius:4px;font-size:.9em}\n"
    "summary{cursor:pointer;color:var(--link)}\n"

    /* what is known of all */
    ".facts{list-style:none;padding:0;margin:.5rem 0 1.5rem;display:flex;"
    "flex-wrap:wrap;gap:.25rem 1.25rem;color:var(--soft)}\n"
    ".bad>.meta .status,.facts .bad,tr.bad .status{color:var(--bad);"
    "font-weight:600}\n"
    "nav ul{list-style:none;padding:0;margin:.5rem 0}\n"
    "nav li{margin:.3rem 0;line-height:1.4}\n"
    "nav .l1{margin-left:1rem}\nnav .l2,nav .l3,nav .l4{margin-left:2rem}\n"
    "nav,.time{font-size:.9375rem}\n"

    /* the table of steps */
    "table{border-collapse:collapse;width:100%}\n"
    ".time table{margin:.5rem 0 1rem}\n"
    "th{text-align:left;font-weight:600}\n"
    "th,td{padding:.25rem .5rem;vertical-align:top}\n"
    ".time th,.time td{border-bottom:1px solid var(--line)}\n"
    ".num,th.num{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}\n"
    ".status{white-space:nowrap}\n"
    ".bar{width:22%;min-width:6rem}\n"
    ".bar svg{display:block;width:100%;height:.7rem;margin-top:.4rem;"
    "background:var(--head);border-radius:2px}\n"
    ".bar rect{fill:var(--link)}\n.bad .bar rect{fill:var(--bad)}\n"

    /* a step */
    ".step{margin:1rem 0;border:1px solid var(--line);border-radius:8px;"
    "background:var(--box);overflow:hidden;scroll-margin-top:1rem}\n"
    ".step:target{border-color:var(--link)}\n"
    ".step.bad{border-left:4px solid var(--bad)}\n"
    ".meta{margin:0;padding:.3rem .9rem;display:flex;flex-wrap:wrap;"
    "gap:0 1rem;font-size:.8125rem;color:var(--soft);"
    "background:var(--head)}\n"
    ".meta a{margin-right:auto;color:inherit;text-decoration:none}\n"
    ".meta a:hover{text-decoration:underline}\n"
    "pre{margin:0;padding:0 .9rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere;line-height:1.5;tab-size:8}\n"
    ".cmd{padding-top:.6rem;padding-bottom:.1rem;font-weight:500}\n"
    ".cmd:last-child,.code:last-child{padding-bottom:.6rem}\n"
    ".tag{padding-top:0;color:var(--remark)}\n"
    ".out{border-top:1px solid var(--line);margin-top:.4rem;"
    "padding-top:.5rem;padding-bottom:.6rem}\n"
    "pre.code{tab-size:4}\n"
    "main>pre.code,li>pre.code,blockquote>pre.code{margin:1rem 0;"
    "padding:.7rem .9rem;background:var(--box);"
    "border:1px solid var(--line);border-radius:8px}\n"
    ".cmd>b,.e>b,td>b{user-select:none}\n"
    ".cmd>b{color:var(--remark)}\n"
    ".e>b{color:var(--bad)}\n"
    ".n{font-style:italic;color:var(--note)}\n"
    ".cut{margin:0;padding:.4rem .9rem;color:var(--soft)}\n"
    ".fold summary{padding:.2rem .9rem;font-size:.875rem}\n"
    ".out+.fold .out,.fold+.out{border-top:0;margin-top:0;padding-top:0}\n"
    ".out:has(+.fold){padding-bottom:0}\n"

    /* programs */
    ".k{color:var(--word)}\n.cmd .k{color:var(--name);font-weight:600}\n"
    ".q{color:var(--string)}\n.m,.o{color:var(--number)}\n"
    ".d{color:var(--remark);font-style:italic}\n"

    /* output */
    ".b{font-weight:700}\n.i{font-style:italic}\n"
    ".u{text-decoration:underline}\n.s{text-decoration:line-through}\n"
    ".us{text-decoration:underline line-through}\n"

    /* side by side */
    ".diff{border-top:1px solid var(--line)}\n"
    ".diff summary{padding:.5rem .9rem}\n"
    ".diff table{table-layout:fixed;font-size:.8125rem;line-height:1.45;"
    "margin-bottom:.5rem}\n"
    ".diff th{padding:.2rem .9rem}\n"
    ".diff .part th{background:var(--head)}\n"
    ".diff td{padding:.05rem .5rem;white-space:pre-wrap;"
    "font-family:ui-monospace,\"SFMono-Regular\",Menlo,Consolas,"
    "\"Liberation Mono\",monospace}\n"
    ".diff col.num{width:3rem}\n"
    ".diff td.num{color:var(--soft);user-select:none}\n"
    ".diff .same{padding-left:calc(.5rem + 2ch)}\n"
    ".del{background:var(--del)}\n.ins{background:var(--ins)}\n"
    "mark{color:inherit;text-decoration:underline;"
    "text-underline-offset:.2em}\n"
    ".del mark{background:var(--mark-del)}\n"
    ".ins mark{background:var(--mark-ins)}\n"
    ".gap td{color:var(--soft);font-style:italic}\n"

    "footer{margin:3rem 0 2rem;padding-top:1rem;"
    "border-top:1px solid var(--line);font-size:.875rem;"
    "color:var(--soft)}\n"
    "footer p{margin:.2rem 0}\n"

    "@media (max-width:40rem){\n"
    "h1{font-size:1.6rem}\n"
    ".time thead{display:none}\n"
    ".time table,.time tbody,.time tfoot{display:block}\n"
    ".time tr{display:grid;grid-template-columns:2rem 7.5rem 1fr 4.2rem 4.2rem;"
    "border-bottom:1px solid var(--line)}\n"
    ".time tr>*{border:0;padding:.2rem .3rem}\n"
    ".time .what{grid-column:2/6}\n"
    ".time .status{grid-column:2;white-space:normal}\n"
    ".time .bar{width:auto;min-width:0}\n"
    ".diff table,.diff tbody,.diff thead{display:block}\n"
    ".diff tr{display:grid;grid-template-columns:2.5rem 1fr}\n"
    ".diff .part,.diff .part th,.diff .gap{display:block}\n"
    ".diff .none,.diff .same+td,.diff .same+td+td{display:none}\n"
    ".diff thead tr{grid-template-columns:1fr 1fr}\n"
    "}\n"
    "@media (min-width:80rem){\n"
    "body:has(nav){max-width:80rem;display:grid;"
    "grid-template-columns:15rem minmax(0,62rem);column-gap:3rem}\n"
    "body:has(nav)>*{grid-column:2}\n"
    "body:has(nav)>nav{grid-column:1;grid-row:1/4;position:sticky;top:0;"
    "align-self:start;max-height:100vh;overflow-y:auto;"
    "padding:2.8rem 0 1rem}\n"
    "}\n"
    "@media print{\n"
    "body{max-width:none;font-size:10pt}\n"
    ".skip,nav{display:none}\n"
    ".step{break-inside:avoid;overflow:visible}\n"
    "details::details-content{content-visibility:visible;"
    "block-size:auto}\n"
    "}\n";
