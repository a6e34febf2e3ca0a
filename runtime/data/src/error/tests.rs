//! Which faults are the user's to mend.

use super::*;

#[test]
fn what_trying_again_may_mend_is_not_the_users_mistake() {
    let check = |code, expected| {
        let status = StatusCode::from_u16(code).unwrap();
        let place = "http://example.org/".to_owned();
        assert_eq!(
            DataError::Status { place, status }.is_users_mistake(),
            expected,
            "{code}"
        );
    };
    check(404, true);
    check(401, true);
    check(304, true);
    check(408, false);
    check(429, false);
    check(500, false);
    check(503, false);
}
