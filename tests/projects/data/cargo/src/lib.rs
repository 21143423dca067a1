pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

pub fn div(a: i32, b: i32) -> i32 {
    if b == 0 {
        panic!("division by zero");
    }
    a / b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
    }

    #[test]
    fn divides() {
        assert_eq!(div(6, 3), 2);
    }

    #[test]
    fn wrong_sum() {
        assert_eq!(add(1, 2), 4);
    }

    #[test]
    #[ignore = "not today"]
    fn skipped() {
        panic!("never run");
    }

    #[test]
    #[should_panic(expected = "division by zero")]
    fn panics_as_it_should() {
        div(1, 0);
    }
}
