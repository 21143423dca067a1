package calc;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class FailsTest {
    @Test
    public void fails() {
        assertEquals(4, 1 + 2);
    }
}
