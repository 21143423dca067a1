// javac's own parser over what stands on standard input, for checks.yaml:
// nothing of it is compiled, and nothing is run.
import com.sun.source.tree.*;
import com.sun.source.util.*;
import java.io.*;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.*;
import javax.tools.*;

public class Check {
    static final StringBuilder out = new StringBuilder();
    static Set<String> wanted;

    static class Text extends SimpleJavaFileObject {
        final String text;

        Text(String text) {
            super(URI.create("string:///Checked.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override public CharSequence getCharContent(boolean ignore) {
            return text;
        }
    }

    static void say(Object... words) {
        for (int i = 0; i < words.length; i++)
            out.append(i == 0 ? "" : "\t").append(words[i]);
        out.append('\n');
    }

    // Variables that are a Runtime: other classes have an exec of their own.
    static final Set<String> runtimes = new HashSet<>();

    static String dotted(Tree t) {
        if (t instanceof IdentifierTree) {
            String name = ((IdentifierTree) t).getName().toString();
            return runtimes.contains(name) ? "Runtime.getRuntime" : name;
        }
        if (t instanceof MemberSelectTree) {
            MemberSelectTree m = (MemberSelectTree) t;
            return dotted(m.getExpression()) + "." + m.getIdentifier();
        }
        if (t instanceof MethodInvocationTree)
            return dotted(((MethodInvocationTree) t).getMethodSelect());
        if (t instanceof ParameterizedTypeTree)
            return dotted(((ParameterizedTypeTree) t).getType());
        return "";
    }

    static class Walk extends TreeScanner<Void, Void> {
        final CompilationUnitTree unit;
        final SourcePositions places;

        Walk(CompilationUnitTree unit, SourcePositions places) {
            this.unit = unit;
            this.places = places;
        }

        String place(Tree t) {
            long at = places.getStartPosition(unit, t);
            LineMap lines = unit.getLineMap();
            return at < 0 ? "0\t0" : lines.getLineNumber(at) + "\t"
                + lines.getColumnNumber(at);
        }

        void call(Tree t, String name, List<? extends ExpressionTree> args) {
            if (!wanted.contains(name.substring(name.lastIndexOf('.') + 1)))
                return;
            boolean fixed = true;
            for (ExpressionTree a : args)
                fixed &= a instanceof LiteralTree;
            say("c", place(t), name, fixed ? 1 : 0);
        }

        void text(String name, Tree t) {
            if (!(t instanceof LiteralTree)
                    || !(((LiteralTree) t).getValue() instanceof String))
                return;
            byte[] b = ((String) ((LiteralTree) t).getValue())
                .getBytes(StandardCharsets.UTF_8);
            StringBuilder hex = new StringBuilder();
            for (int i = 0; i < b.length && b.length <= 4096; i++)
                hex.append(String.format("%02x", b[i]));
            if (b.length >= 6)
                say("s", place(t), name, hex);
        }

        @Override public Void visitImport(ImportTree t, Void v) {
            say("i", place(t), dotted(t.getQualifiedIdentifier()));
            return super.visitImport(t, v);
        }

        @Override public Void visitMethodInvocation(MethodInvocationTree t,
                Void v) {
            call(t, dotted(t.getMethodSelect()), t.getArguments());
            return super.visitMethodInvocation(t, v);
        }

        @Override public Void visitNewClass(NewClassTree t, Void v) {
            call(t, dotted(t.getIdentifier()), t.getArguments());
            return super.visitNewClass(t, v);
        }

        @Override public Void visitVariable(VariableTree t, Void v) {
            if (("." + dotted(t.getType())).endsWith(".Runtime")
                    || dotted(t.getInitializer()).endsWith("getRuntime"))
                runtimes.add(t.getName().toString());
            text(t.getName().toString(), t.getInitializer());
            return super.visitVariable(t, v);
        }

        @Override public Void visitAssignment(AssignmentTree t, Void v) {
            String name = dotted(t.getVariable());
            text(name.substring(name.lastIndexOf('.') + 1), t.getExpression());
            return super.visitAssignment(t, v);
        }

        @Override public Void visitLiteral(LiteralTree t, Void v) {
            text("-", t);
            return super.visitLiteral(t, v);
        }
    }

    static void check(String text) throws IOException {
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        JavacTask task = (JavacTask) ToolProvider.getSystemJavaCompiler()
            .getTask(new StringWriter(), null, said,
                List.of("-proc:none", "-XDrawDiagnostics=false"), null,
                List.of(new Text(text)));
        Iterable<? extends CompilationUnitTree> units = task.parse();
        for (Diagnostic<?> d : said.getDiagnostics())
            if (d.getKind() == Diagnostic.Kind.ERROR) {
                say("e", Math.max(0, d.getLineNumber()),
                    Math.max(0, d.getColumnNumber()),
                    d.getMessage(Locale.ROOT).replaceAll("\\s+", " "));
                return;
            }
        runtimes.clear();
        for (CompilationUnitTree unit : units)
            new Walk(unit, Trees.instance(task).getSourcePositions())
                .scan(unit, null);
    }

    public static void main(String[] args) throws IOException {
        DataInputStream in = new DataInputStream(
            new BufferedInputStream(System.in));
        wanted = Set.copyOf(Arrays.asList(args[0].split(" ")));
        for (int c = in.read(); c >= 0; c = in.read()) {
            int size = 0;
            for (; c != '\n' && c >= 0; c = in.read())
                size = size * 10 + c - '0';
            byte[] text = new byte[size];
            in.readFully(text);
            say("f");
            try {
                check(new String(text, StandardCharsets.UTF_8));
            } catch (StackOverflowError e) {
                say("e", 0, 0, "it is nested too deeply for javac's parser");
            }
        }
        say("end");
        System.out.write(out.toString().getBytes(StandardCharsets.UTF_8));
        System.out.flush();
    }
}
