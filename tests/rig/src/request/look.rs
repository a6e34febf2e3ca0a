//! What a request that changes nothing looks at.

use hyper::Method;

use super::resource;

/// What a request looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// All objects of a resource, as the beginning of a watch.
    List(String),
    /// The changes of a resource.
    Watch(String),
    /// A page of a pod, through the API server.
    Pod {
        /// The pod's name.
        name: String,
        /// Such as `/alive`.
        page: String,
    },
}

impl Look {
    /// Told by the method, the path and the query; `None` for a look at one object, and for writes.
    pub(crate) fn of(method: &Method, path: &str, query: Option<&str>) -> Option<Look> {
        if *method != Method::GET {
            return None;
        }
        if let Some((before, page)) = path.split_once("/proxy/") {
            let name = before.rsplit_once("/pods/")?.1.split(':').next()?;
            return Some(Look::Pod {
                name: name.to_owned(),
                page: format!("/{page}"),
            });
        }
        let mut parameters = query.unwrap_or_default().split('&');
        parameters.find_map(|parameter| match parameter {
            "watch=true" => Some(Look::Watch(resource(path).0)),
            // Whoever asks for one wants to know whether it may.
            "limit=1" => None,
            page if page.starts_with("limit=") => Some(Look::List(resource(path).0)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_watches_and_pages_of_pods_are_told_from_other_reads() {
        let check = |path: &str, query: Option<&str>, expected: Option<Look>| {
            assert_eq!(Look::of(&Method::GET, path, query), expected);
        };
        let jobs = "/apis/batch/v1/namespaces/a/jobs";
        for page in ["&limit=500", "limit=250&resourceVersion=0"] {
            check(jobs, Some(page), Some(Look::List("jobs".to_owned())));
        }
        check(
            jobs,
            Some("&watch=true&timeoutSeconds=60"),
            Some(Look::Watch("jobs".to_owned())),
        );
        check(jobs, Some("limit=1"), None);
        check("/api/v1/namespaces/a/pods/iris-1", None, None);
        let alive = Look::Pod {
            name: "iris-1".to_owned(),
            page: "/alive".to_owned(),
        };
        check(
            "/api/v1/namespaces/a/pods/iris-1:8080/proxy/alive",
            None,
            Some(alive),
        );
        assert_eq!(Look::of(&Method::DELETE, jobs, Some("limit=500")), None);
    }
}
