//! Tests what is written, what is an error, and that an error changes nothing.

use std::error::Error as _;
use std::fs;

use tempfile::tempdir;
use toy_superposition_files::{Error, check_writable, create_folder, write_atomically, write_new};

#[test]
fn a_file_is_replaced_whole_and_nothing_else_is_left_in_the_folder() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("r0.05");
    for bytes in [&b"first"[..], b"2", b""] {
        check_writable(&path).unwrap();
        write_atomically(&path, bytes).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_new_file_is_written_once_and_a_file_that_is_there_is_not_touched() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("manifest.json");
    assert!(write_new(&path, b"first").unwrap());
    assert!(!write_new(&path, b"second").unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"first");
    // The system allows no name as long as this.
    for bad in ["missing/manifest.json", &"a".repeat(300)] {
        let bad = folder.path().join(bad);
        let refused = write_new(&bad, b"first");
        assert!(matches!(&refused, Err(Error::Write { path, .. }) if *path == bad), "{refused:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_path_that_cannot_be_a_file_is_refused_before_and_when_it_is_written() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "kept").unwrap();
    let refused = |name: &str, kind: fn(&Error) -> bool| {
        for result in [check_writable(at(name)), write_atomically(at(name), b"new")] {
            let error = result.unwrap_err();
            assert!(kind(&error), "{name}: {error:?}");
            assert!(!error.source().is_some_and(|cause| cause.to_string().contains(".tmp")), "{error:?}");
            assert!(error.to_string().contains(&at(name).display().to_string()), "{error}");
        }
    };
    refused("missing/w.st", |e| matches!(e, Error::Write { .. }));
    refused("file/w.st", |e| matches!(e, Error::Write { .. }));
    refused("file/", |e| matches!(e, Error::Write { .. } | Error::NoName { .. }));
    refused("w.st/", |e| matches!(e, Error::NoName { .. }));
    refused("w.st/.", |e| matches!(e, Error::NoName { .. }));
    refused("", |e| matches!(e, Error::NotAFile { found, .. } if found.is_dir()));
    refused("..", |e| matches!(e, Error::NotAFile { found, .. } if found.is_dir()));
    let text = check_writable(folder.path()).unwrap_err().to_string();
    assert!(text.ends_with(": it is a folder, not a regular file"), "{text}");
    assert_eq!(fs::read(at("file")).unwrap(), b"kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_is_made_with_those_above_it_unless_a_file_is_in_its_place() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a/b");
    create_folder(&path).unwrap();
    create_folder(&path).unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    fs::write(path.join("file"), "kept").unwrap();
    assert!(
        matches!(create_folder(path.join("file")), Err(Error::Folder { path: given, .. }) if given == path.join("file"))
    );
    assert!(matches!(create_folder(path.join("file/c")), Err(Error::Folder { .. })));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_left_alone() {
        let folder = tempdir().unwrap();
        let (socket, link) = (folder.path().join("socket"), folder.path().join("link"));
        let _listener = UnixListener::bind(&socket).unwrap();
        symlink("socket", &link).unwrap();
        for path in [socket.as_path(), &link, "/dev/null".as_ref()] {
            for result in [check_writable(path), write_atomically(path, b"new")] {
                assert!(matches!(result, Err(Error::NotAFile { found, .. }) if !found.is_dir()), "{path:?}");
            }
        }
        let text = check_writable(&socket).unwrap_err().to_string();
        assert!(text.ends_with(": it is a device, a pipe or a socket, not a regular file"), "{text}");
        assert!(fs::symlink_metadata(&socket).unwrap().file_type().is_socket());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
    }

    #[test]
    fn links_are_followed_and_the_new_file_lies_beside_their_target() {
        let folder = tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/w.st"), "old").unwrap();
        symlink("real/w.st", at("first")).unwrap();
        symlink(at("first"), at("second")).unwrap();
        symlink("real/new.st", at("dangling")).unwrap();
        symlink("missing/w.st", at("nowhere")).unwrap();
        symlink("circle", at("circle")).unwrap();

        write_atomically(at("second"), b"new").unwrap();
        assert_eq!(fs::read(at("real/w.st")).unwrap(), b"new");
        write_atomically(at("dangling"), b"born").unwrap();
        assert_eq!(fs::read(at("real/new.st")).unwrap(), b"born");
        for (link, to) in [("first", "real/w.st"), ("dangling", "real/new.st")] {
            assert_eq!(fs::read_link(at(link)).unwrap().to_str(), Some(to));
        }
        assert!(matches!(check_writable(at("nowhere")), Err(Error::Write { .. })));
        assert!(matches!(check_writable(at("circle")), Err(Error::Write { .. })));
        assert_eq!(fs::read_dir(at("real")).unwrap().count(), 2);
    }

    #[test]
    fn permissions_stay() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("private");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
