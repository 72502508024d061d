//! The store on a real file system: killed, cut off, damaged, full.

mod audit;
mod child;
mod crash;
mod damage;
mod disk;
mod files;
mod growth;
mod image;
mod keeping;
mod old_and_new;
mod older_releases;
mod support;
