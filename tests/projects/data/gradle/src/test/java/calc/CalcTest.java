package calc;

import static org.junit.Assert.assertEquals;

import org.junit.Ignore;
import org.junit.Test;

public class CalcTest {
    @Test
    public void adds() throws Exception {
        Thread.sleep(60); assertEquals(3, Calc.add(1, 2));
    }

    @Test
    public void divides() {
        assertEquals(2, Calc.div(6, 3));
    }

    @Test
    public void wrongSum() {
        assertEquals(4, Calc.add(1, 2));
    }

    @Test
    public void raises() {
        throw new IllegalStateException("no such place");
    }

    @Ignore("not today")
    @Test
    public void skipped() {
        throw new AssertionError("never run");
    }
}
